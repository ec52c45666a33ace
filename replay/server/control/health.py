"""`health` and `ready`: whether it serves, and what."""

from __future__ import annotations

from replay import __version__
from replay.server.control.call import Call, RefusedError
from replay.server.control.route import Route, Routes
from replay.server.control.values import Health, Ready


async def _health(call: Call) -> Health:
    timelines = call.stage.simulator.timelines
    speed = call.stage.simulator.options.pace.speed
    return Health(
        version=__version__,
        playing=[each.name for each in timelines],
        on_request=[each.name for each in timelines if each.is_on_request],
        speed="max" if speed is None else speed,
    )


async def _ready(call: Call) -> Ready:
    if call.stage.is_stopped:
        raise RefusedError(503, "it is closing", help="Start it again.")
    return Ready()


ROUTES: Routes = (
    Route(
        method="GET",
        path="health",
        handler=_health,
        about="Says that it serves, and what.",
        answer=Health,
        open=True,
    ),
    Route(
        method="GET",
        path="ready",
        handler=_ready,
        about="Says that clients may come.",
        answer=Ready,
        refuses=(503,),
        open=True,
    ),
)
