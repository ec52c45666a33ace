"""`clock`: what the plays go by, read and moved by hand."""

from __future__ import annotations

from replay.clock import ManualClock
from replay.server.control.call import Call, RefusedError
from replay.server.control.route import Route, Routes
from replay.server.control.values import Advance, ClockRead


async def _read(call: Call) -> ClockRead:
    clock = call.stage.clock
    now = round(call.stage.simulator.since_start(clock.now()), 6)
    return ClockRead(clock="manual" if isinstance(clock, ManualClock) else "real", now=now)


async def _advance(call: Call) -> ClockRead:
    wanted: Advance = await call.body()
    if not isinstance(call.stage.clock, ManualClock):
        what = "this clock goes by itself"
        raise RefusedError(409, what, help="Serve with --clock manual to move it by hand.")
    await call.clock.advance(wanted.advance)
    return await _read(call)


ROUTES: Routes = (
    Route(
        method="GET",
        path="clock",
        handler=_read,
        about="What the plays go by, and how far it has come.",
        answer=ClockRead,
    ),
    Route(
        method="POST",
        path="clock",
        handler=_advance,
        about="Moves a clock that is moved by hand; returns when all that was due meanwhile has happened.",
        body=Advance,
        answer=ClockRead,
        reach="everywhere",
        refuses=(409, 502),
    ),
)
