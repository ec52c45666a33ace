"""`health`: whether it serves, and what."""

from __future__ import annotations

from typing import Any

from replay import __version__
from replay.server.control.call import Call, Routes


async def _health(call: Call) -> Any:
    call.query()
    playing = [scenario.name for scenario in call.stage.simulator.scenarios]
    return {"status": "ok", "version": __version__, "playing": playing}


ROUTES: Routes = {"health": {"GET": _health}}
