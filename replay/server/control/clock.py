"""`clock`: what the plays go by, read and moved by hand."""

from __future__ import annotations

from typing import Any

from replay.clock import ManualClock
from replay.errors import UsageError, nearest
from replay.server.control.call import Call, RefusedError, Routes


async def _read(call: Call) -> Any:
    call.query()
    kind = "manual" if isinstance(call.stage.clock, ManualClock) else "real"
    return {"clock": kind, "now": round(call.stage.simulator.since_start(call.stage.clock.now()), 6)}


async def _advance(call: Call) -> Any:
    call.query()
    value = await call.json()
    if not isinstance(value, dict) or list(value) != ["advance"]:
        wrong = next((key for key in value if key != "advance"), "") if isinstance(value, dict) else ""
        what = f"unknown key '{wrong}'" if wrong else "this moves no clock"
        raise UsageError(what, help=nearest(wrong, ["advance"]) or 'Send {"advance": "30s"}.')
    duration = value["advance"]
    if isinstance(duration, bool) or not isinstance(duration, str | int | float):
        raise UsageError("'advance' is a duration", help='Send {"advance": "30s"}.')
    if not isinstance(call.stage.clock, ManualClock):
        what = "this clock goes by itself"
        raise RefusedError(409, what, help="Serve with --clock manual to move it by hand.")
    await call.clock.advance(duration)
    return await _read(call)


ROUTES: Routes = {"clock": {"GET": _read, "POST": _advance}}
