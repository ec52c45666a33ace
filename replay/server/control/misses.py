"""`misses`: requests that were no step, and events that nobody was given."""

from __future__ import annotations

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Misses, MissesQuery
from replay.simulator.undelivered import undelivered


async def _read(call: Call) -> Misses:
    query: MissesQuery = call.query
    simulator = call.stage.simulator
    found = [
        miss for miss in simulator.misses if miss.number > query.since and query.agent in {"", miss.agent}
    ]
    shown, waiting = undelivered(simulator, query.agent)
    return Misses(
        misses=found[max(0, len(found) - query.limit) :],
        total=simulator.misses.total,
        undelivered=shown,
        undelivered_total=waiting,
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="misses",
        handler=_read,
        about="Requests that were no step, the latest of them, oldest first, each with the step it was "
        "nearest to, what differs, and the command that would be accepted; and events nobody was given.",
        query=MissesQuery,
        answer=Misses,
    ),
)
