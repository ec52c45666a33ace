"""`agents`: who is there, and who waits for what."""

from __future__ import annotations

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Agents, AgentsQuery
from replay.simulator import looking
from replay.simulator.waiting import AgentState


async def _rows(call: Call) -> Agents:
    query: AgentsQuery = call.query
    found, total = call.stage.direct(
        lambda simulator, now: looking.rows(
            simulator, now, after=query.after, limit=query.limit, find=query.find
        )
    )
    return Agents(agents=found, total=total)


async def _one(call: Call) -> AgentState:
    return call.stage.direct(
        lambda simulator, now: looking.state(simulator, simulator.agents.named(call.name), now)
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="agents",
        handler=_rows,
        about="Who is there, in order of appearance, each with what its newest play waits for.",
        query=AgentsQuery,
        answer=Agents,
    ),
    Route(
        method="GET",
        path="agents/{name}",
        handler=_one,
        about="All that is known of an agent, by its name or its number: its plays, what each waits for.",
        answer=AgentState,
    ),
)
