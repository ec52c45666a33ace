"""`expectations`: what must have happened, and whether it has."""

from __future__ import annotations

from replay.errors import UsageError
from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Expectations, ExpectationsQuery
from replay.simulator.expecting import expected
from replay.simulator.judging import Expectation, Judged
from replay.simulator.simulator import Simulator


async def _read(call: Call) -> Expectations:
    query: ExpectationsQuery = call.query
    judged = call.stage.direct(lambda simulator, now: _judged(simulator, query, now))
    return Expectations(met=all(each.met for each in judged), expectations=judged)


def _judged(simulator: Simulator, query: ExpectationsQuery, now: float) -> list[Judged]:
    if not query.step:
        if query != ExpectationsQuery():
            raise UsageError("it is not said which step is meant", help="Add 'step=ID'.")
        return simulator.expecting.judged(now)
    wanted = expected(
        query.step, times=query.times, at_least=query.at_least, at_most=query.at_most, agent=query.agent
    )
    simulator.expecting.check_step(query.step)
    return simulator.expecting.judged(now, [Expectation(wanted=wanted)])


ROUTES: Routes = (
    Route(
        method="GET",
        path="expectations",
        handler=_read,
        about="What scenarios and tests expect, and whether it is so now; of a step in the query, whether it "
        "took place in every play as often as it says there, or at least once.",
        query=ExpectationsQuery,
        answer=Expectations,
    ),
)
