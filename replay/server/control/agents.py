"""`agents`: who is there, and who waits for what."""

from __future__ import annotations

from functools import partial

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Agents, AgentsQuery
from replay.server.turns import turn
from replay.simulator import looking
from replay.simulator.waiting import AgentRow, AgentState

AT_ONCE = 500
"""Agents that are looked at before others get their turn."""


async def _rows(call: Call) -> Agents:
    query: AgentsQuery = call.query
    rows: list[AgentRow] = []
    while True:
        after = rows[-1].ordinal if rows else query.after
        most = min(AT_ONCE, query.limit - len(rows))
        look = partial(looking.rows, after=after, limit=most, find=query.find)
        found, total = call.stage.direct(look)
        rows += found
        if len(found) < AT_ONCE or len(rows) == query.limit:
            return Agents(agents=rows, total=total)
        await turn()


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
        reach="agent",
        refuses=(502,),
    ),
)
