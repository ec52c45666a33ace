"""`events`: one typed by hand, or a push of the scenario now."""

from __future__ import annotations

import msgspec

from replay.errors import UsageError
from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Pushed, PushWanted
from replay.simulator import directing

EITHER = "Send {channel, data}, or {step}; each with an 'agent' or for everybody."


async def _push(call: Call) -> Pushed:
    wanted: PushWanted = await call.body()
    check(wanted)
    if wanted.step:
        told = call.stage.direct(
            lambda simulator, now: directing.push(simulator, wanted.agent, wanted.play, wanted.step, now)
        )
    else:
        told = call.stage.direct(
            lambda simulator, now: directing.tell(simulator, wanted.agent, wanted.channel, wanted.data, now)
        )
    return Pushed(told=told)


def check(wanted: PushWanted) -> None:
    """Whether it is one of the two that may be wanted.

    Raises:
        UsageError: it is neither, or both.
    """
    has_data = wanted.data is not msgspec.UNSET
    if wanted.step and (wanted.channel or has_data):
        said = "channel" if wanted.channel else "data"
        raise UsageError(f"a step has its own '{said}'", help=EITHER)
    if wanted.step:
        return
    if wanted.play:
        raise UsageError(f"it is not said which step of '{wanted.play}'", help=EITHER)
    if not (wanted.channel and has_data):
        missing = "'data'" if wanted.channel else "'channel'" if has_data else "'step', and no 'channel'"
        raise UsageError(f"there is no {missing}", help=EITHER)


ROUTES: Routes = (
    Route(
        method="POST",
        path="events",
        handler=_push,
        about="Pushes an event to an agent, or to everybody: one typed by hand, or a step once more.",
        body=PushWanted,
        answer=Pushed,
        status=201,
        refuses=(409,),
    ),
)
