"""One chat as one agent plays it: how far it is, when its events are due, and by which ids it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from replay.drive.thinking import Thinking, no_thinking
from replay.plan.intervals import Interval, interval
from replay.plan.timeline import Ask, Cue, Moment, Timeline
from replay.plan.values import names_in
from replay.scenario.anew import FRESH
from replay.scenario.model import PushStep
from replay.verify.role import Company, Role

SHORTEST = 6
"""Characters of an id that can be anybody's; shorter ones may be counters, which all chats have."""


class Driving:
    """What all agents of one run have in common."""

    def __init__(
        self,
        timeline: Timeline,
        base_url: str,
        *,
        thinking: Thinking = no_thinking,
        patience: float = 30.0,
        speed: float | None = 1.0,
        starts_known: bool = True,
        all_offered: bool = False,
    ) -> None:
        """Worked out once.

        Args:
            base_url: Where the server is: `http://host:port`.
            thinking: How long a person waits before each request.
            patience: Seconds after which what should have come is given up.
            speed: At which the server plays; None when it drops waits.
            starts_known: Whether a chat begins when it is begun here, or the agent listens: a simulator's do,
                a real server's when a customer comes.
            all_offered: Whether also an agent's first chat has to be offered: elsewhere it comes with it.
        """
        self.timeline = timeline
        self.base_url = base_url
        self.thinking = thinking
        self.patience = patience
        self.speed = speed
        self.starts_known = starts_known
        self.all_offered = all_offered
        scenario = timeline.scenario
        pushes = (step for step in (*scenario.session, *scenario.steps) if isinstance(step, PushStep))
        self.allowed = {step.id: interval(step) for step in pushes}
        """By step, in how many seconds after what sets it off each event comes, as recorded."""
        variables = scenario.variables
        self.made = {name for name in timeline.story.variables if variables[name].make not in {None, *FRESH}}
        """Names of what is made anew for each chat, and stays as it is while it goes on."""
        self.all_marked = all(
            self.made & {*names_in(cue.channel), *names_in(cue.data.compiled)} for cue in timeline.story.cues
        )
        """Whether every event says which chat it belongs to."""


class Chat(msgspec.Struct):
    """What all roles of one chat share."""

    company: Company = msgspec.field(default_factory=Company)
    moments: dict[Moment, float] = msgspec.field(default_factory=dict)
    """When each moment came to whom it concerns; an event's that was due, when it was due."""
    given_up: bool = False


class Playing:
    """A role's part of one chat."""

    def __init__(self, driving: Driving, *, role: int, number: int, chat: Chat, began: float) -> None:
        """Nothing of it has been seen.

        Args:
            began: When it was to begin.
        """
        timeline = driving.timeline
        self.number = number
        self.chat = chat
        self.role = Role(timeline, driving.base_url, role=role, company=chat.company)
        self.began = began
        self.latest = began
        """When something of it was last seen."""
        self.ended = False
        self.ids: set[str] = set()
        """Texts that only this chat's messages have."""
        self._made = driving.made
        self._speed = driving.speed
        self._start = timeline.story.starts[role]
        self._cues = {
            cue.id: cue for part in (timeline.sessions[role], timeline.story) for cue in part.cues_for(role)
        }
        self._allowed = driving.allowed
        self._furthest: dict[tuple[Moment, ...], float] = {}
        """By what sets them off, the longest that an event which came was to take."""

    def knows(self, session: Role, moments: Mapping[Moment, float]) -> None:
        """What the agent's session has told is known here too, and when its steps were."""
        self.role.take_session(session)
        for moment, at in moments.items():
            self.chat.moments.setdefault(moment, at)

    def starts(self, at: float) -> None:
        """The moment from which its first events count."""
        self.chat.moments.setdefault(self._start, at)

    def asks(self, ask: Ask, now: float) -> None:
        """A request is made, perhaps once more: the first one is what counts."""
        self.chat.moments.setdefault(Moment(ask.id), now)

    def answered(self, ask: Ask, status: int, body: Any, now: float) -> None:
        """An answer has come."""
        self.chat.moments.setdefault(Moment(ask.id, response=True), now)
        self.role.answered(ask, status, body)

    def came(self, step: str, now: float) -> tuple[float | None, bool]:
        """An event has come: seconds after it was due, and whether it was its turn."""
        cue = self._cues[step]
        allowed = self._allowed[step]
        base = self._base(cue)
        late = None if base is None else self._scaled(allowed, base).misses(now)
        is_fixed = allowed.earliest == allowed.latest
        at = now if base is None or not is_fixed else self._scaled(allowed, base).latest
        self.chat.moments.setdefault(Moment(step), at)
        furthest = self._furthest.get(cue.trigger.moments, 0.0)
        self._furthest[cue.trigger.moments] = max(furthest, allowed.earliest)
        return late, allowed.latest >= furthest

    def learn_ids(self) -> set[str]:
        """Ids that it has become known by."""
        made = {
            value
            for name, value in self.chat.company.values.items()
            if name in self._made and isinstance(value, str) and len(value) >= SHORTEST
        }
        new = made - self.ids
        self.ids |= new
        return new

    def pass_over(self) -> list[str]:
        """Goes on past events that do not come; which these are, and none if it does not help."""
        before = set(self.chat.company.passed)
        if not self.role.has_begun or not self.role.pass_over():
            return []
        return sorted(self.chat.company.passed - before)

    @property
    def next_due(self) -> float | None:
        """When the first event that is missing, and known to be due, should have come."""
        dues = []
        for step in self.role.missing:
            base = self._base(self._cues[step]) if step in self._cues else None
            if base is not None:
                dues.append(self._scaled(self._allowed[step], base).latest)
        return min(dues, default=None)

    @property
    def standing(self) -> str:
        """How far it was, in words."""
        return f"it ended before {', '.join(self.role.missing[:3]) or 'nothing'}"

    def _base(self, cue: Cue) -> float | None:
        """The last of the moments that set an event off; None while one of them is not known."""
        moments = self.chat.moments
        if any(moment not in moments for moment in cue.trigger.moments):
            return None
        return max(moments[moment] for moment in cue.trigger.moments)

    def _scaled(self, allowed: Interval, base: float) -> Interval:
        if self._speed is None:
            return Interval(base, base, base)
        return Interval(
            *(base + each / self._speed for each in (allowed.earliest, allowed.latest, allowed.played))
        )
