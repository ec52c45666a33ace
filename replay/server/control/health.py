"""`health`: whether it serves, and what."""

from __future__ import annotations

from replay import __version__
from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Health


async def _health(call: Call) -> Health:
    playing = [scenario.name for scenario in call.stage.simulator.scenarios]
    return Health(version=__version__, playing=playing)


ROUTES: Routes = (
    Route(
        method="GET", path="health", handler=_health, about="Says that it serves, and what.", answer=Health
    ),
)
