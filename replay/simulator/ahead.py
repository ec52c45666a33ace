"""What has to come before a step of a play can take place: the first thing that somebody can do about it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal

import msgspec

from replay.plan.timeline import Ask, Cue, Moment
from replay.simulator.happenings import Due, Reached
from replay.simulator.plays import Play

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that has to happen."""

    kind: Literal["ask", "come", "listen", "join", "nothing"]
    """A request has to be made, an event will come, a channel has to be subscribed to, a role be taken; or
    nothing is known that would bring it."""
    step: str = ""
    play: Play
    ask: Ask | None = None
    due_in: float | None = None
    """Seconds until it comes by itself."""
    channel: str = ""
    role: str = ""

    @property
    def sentence(self) -> str:
        """Said so that it can stand behind a colon."""
        match self.kind:
            case "ask":
                harm = self.play.harm_to(self.step)
                again = f" again ({harm.words()})" if harm is not None else ""
                return f"nobody has asked '{self.step}'{again}"
            case "come":
                return f"'{self.step}' comes in {seconds(self.due_in or 0.0)}"
            case "listen":
                return f"nobody has subscribed to {self.channel}"
            case "join":
                return f"nobody has come as '{self.role}'"
            case "nothing":
                return f"'{self.step}' is not on its way"


def ahead_of(simulator: Simulator, play: Play, step: str, now: float) -> Ahead:
    """What has to come before a step that has not taken place, or the step itself if nothing has to."""
    return _Search(simulator, now).step(play, step)


def seconds(number: float) -> str:
    """As a duration that a control call takes, not too short by a millisecond: `0.3s`."""
    return f"{max(1, ceil(round(number * 1000, 3))) / 1000:g}s"


class _Search:
    def __init__(self, simulator: Simulator, now: float) -> None:
        self._simulator = simulator
        self._now = now
        self._seen: set[tuple[int, str]] = set()

    def step(self, play: Play, step: str) -> Ahead:
        if (id(play), step) in self._seen:
            return Ahead(kind="nothing", step=step, play=play)
        self._seen.add((id(play), step))
        for each in (play, *play.sessions):
            for ask in each.part.asks:
                if ask.id == step:
                    return self._ask(each, ask)
            for cue in each.part.cues:
                if cue.id == step:
                    return self._cue(each, cue)
        return Ahead(kind="nothing", step=step, play=play)

    def _ask(self, play: Play, ask: Ask) -> Ahead:
        for need in ask.needs:
            if not play.has_happened(need):
                return self.step(play, need)
        if play.shared and play.seats[ask.role] is None:
            return Ahead(kind="join", step=ask.id, play=play, role=play.timeline.roles[ask.role])
        return Ahead(kind="ask", step=ask.id, play=play, ask=ask)

    def _cue(self, play: Play, cue: Cue) -> Ahead:
        for moment in cue.trigger.moments:
            if play.has_come(moment):
                continue
            if moment in play.part.starts:
                return self._start(play, cue, moment)
            if moment.response and play.has_happened(moment.step):
                return self._coming(play, cue.id, moment)
            return self.step(play, moment.step)
        return self._coming(play, cue.id, None)

    def _start(self, play: Play, cue: Cue, moment: Moment) -> Ahead:
        role = play.part.starts.index(moment)
        if play.shared and play.seats[role] is None:
            return Ahead(kind="join", step=cue.id, play=play, role=play.timeline.roles[role])
        return Ahead(kind="listen", step=cue.id, play=play, channel=play.channel_of(cue))

    def _coming(self, play: Play, step: str, moment: Moment | None) -> Ahead:
        """It is on the agenda, itself or the moment that it follows."""

        def brings(item: object) -> bool:
            if isinstance(item, Due):
                return item.play is play and item.cue.id == step
            circle = (play, *play.sessions)
            return isinstance(item, Reached) and item.moment == moment and item.play in circle

        at = min((at for at, item in self._simulator.agenda if brings(item)), default=None)
        if at is None:
            return Ahead(kind="nothing", step=step, play=play)
        return Ahead(kind="come", step=step, play=play, due_in=at - self._now)
