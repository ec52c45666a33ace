"""`reset`: the simulator as it was when it began, in parts."""

from __future__ import annotations

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import ResetDone, ResetWanted
from replay.simulator.resetting import reset


async def _reset(call: Call) -> ResetDone:
    wanted: ResetWanted = await call.body()
    done = call.stage.direct(lambda simulator, now: reset(simulator, wanted.what, now))
    return ResetDone(reset=done)


ROUTES: Routes = (
    Route(
        method="POST",
        path="reset",
        handler=_reset,
        about="Forgets what happened, who is there, what was done to faults: all, or what is named.",
        body=ResetWanted,
        bodiless=True,
        answer=ResetDone,
        reach="everywhere",
        refuses=(502,),
    ),
)
