"""`events`: one typed by hand, or a push of the scenario now."""

from __future__ import annotations

import msgspec

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Pushed, PushWanted
from replay.simulator import directing


async def _push(call: Call) -> Pushed:
    wanted: PushWanted = await call.body()
    said = msgspec.structs.asdict(wanted)
    return Pushed(told=call.stage.direct(lambda simulator, now: directing.wanted(simulator, now, **said)))


ROUTES: Routes = (
    Route(
        method="POST",
        path="events",
        handler=_push,
        about="Pushes an event to an agent, or to everybody: one typed by hand, or a step once more.",
        body=PushWanted,
        answer=Pushed,
        status=201,
        reach="agents",
        refuses=(404, 409, 502),
    ),
)
