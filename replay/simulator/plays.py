"""One run of one part of a scenario by one agent: what has happened in it, and what that sets off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.pace import Pace
from replay.plan.timeline import START, Ask, Cue, Moment, Part, Reply, Timeline
from replay.scenario.delays import median
from replay.wire import Answer

if TYPE_CHECKING:
    from replay.simulator.agents import Agent


_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


class Mark(msgspec.Struct, frozen=True):
    """When a moment happened."""

    at: float
    recorded: float
    """Where it would stand had every delay been kept: orders what falls together when waits are dropped."""
    captured: Mapping[str, Any] = {}
    """`STEP.name`: what the requests that led here captured."""


class Due(msgspec.Struct, frozen=True):
    """A cue that has been set off."""

    play: Play
    cue: Cue
    mark: Mark


class Reached(msgspec.Struct, frozen=True):
    """A moment that comes at a time known already: the answer to a request, in this play or another's."""

    play: Play
    moment: Moment
    mark: Mark
    answer: Answer | None = None
    """Given then; None where another play's answer stands for this one's."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The latest answer an ask got, kept for a client that tries again."""

    at: float
    fingerprint: bytes
    answer: Answer


class Play:
    """A session or a story under way."""

    def __init__(
        self, agent: Agent, timeline: Timeline, part: Part, *, ordinal: int, session: Play | None = None
    ) -> None:
        self.agent = agent
        self.timeline = timeline
        self.part = part
        self.ordinal = ordinal
        self.session = session
        self.values: dict[str, Any] = {}
        """Variables that are bound: made for this play, or taken from the client."""
        self.captured_by: dict[str, str] = {}
        self.captured: dict[str, Any] = {}
        """`STEP.name`: what the latest occurrence of a step captured."""
        self.shift = 0.0
        """Seconds by which recorded times are moved."""
        self.counts: Counter[str] = Counter()
        """How often each ask was answered afresh."""
        self.answered: dict[str, Answered] = {}
        self._marks: dict[Moment, list[Mark]] = {}
        self._fired: Counter[str] = Counter()

    @property
    def label(self) -> str:
        """How the journal names it."""
        return f"{self.timeline.name}#{self.ordinal}"

    def __repr__(self) -> str:
        return f"<Play {self.label} of {self.agent.label}>"

    @property
    def started(self) -> bool:
        """Whether its `start` has come."""
        return Moment(START) in self._marks

    def has_happened(self, step: str) -> bool:
        """Whether a step took place, here or in the agent's session."""
        return bool(self._all_marks(Moment(step)))

    def note(self, moment: Moment, mark: Mark) -> None:
        """A moment happened; of one that nothing waits for, that it did is enough to know."""
        marks = self._marks.setdefault(moment, [])
        if not marks or moment in self.timeline.story.cues_on or moment in self.timeline.session.cues_on:
            marks.append(mark)

    def set_off(self, moment: Moment, pace: Pace) -> Iterator[Due]:
        """Cues that are due because this moment has happened once more."""
        for cue in self.part.cues_on.get(moment, ()):
            marks = [self._all_marks(each) for each in cue.trigger.moments]
            while all(len(each) > self._fired[cue.id] for each in marks):
                causes = [each[self._fired[cue.id]] for each in marks]
                last = max(causes, key=lambda mark: (mark.at, mark.recorded))
                self._fired[cue.id] += 1
                delay = median(cue.trigger.delay)
                at = pace.after(last.at, delay, follows_answer=self._follows_answer(cue))
                captured = {name: value for mark in causes for name, value in mark.captured.items()}
                yield Due(self, cue, Mark(at, last.recorded + delay, captured))

    def lookup(self, name: str, base_url: str, captured: Mapping[str, Any] | None = None) -> Any:
        """The value of a name: this play's, the session's, or as recorded.

        Args:
            captured: What `STEP.name` stands for, before what the latest occurrence of the step left.
        """
        if name == "base_url":
            return base_url
        if "." in name:
            known = [captured or {}, *(play.captured for play in (self, self.session) if play is not None)]
            found = next((each[name] for each in known if name in each), msgspec.UNSET)
            return self.lookup(name.partition(".")[2], base_url) if found is msgspec.UNSET else found
        for play in (self, self.session):
            if play is not None and name in play.values:
                return play.values[name]
        recorded = self.timeline.scenario.variables[name].recorded
        return None if recorded is msgspec.UNSET else recorded

    def bound_for(self, ask: Ask, base_url: str) -> dict[str, Any]:
        """Names that compare in a request: all that are bound, but what this same ask captures each time."""
        bound = dict(self.session.values) if self.session is not None else {}
        bound |= self.values
        bound["base_url"] = base_url
        for name in ask.names:
            if self.captured_by.get(name) == ask.id:
                bound.pop(name, None)
        return bound

    def take(self, ask: Ask, captures: dict[str, Any]) -> dict[str, Any]:
        """One more request that is this ask; returns what the client sent with this occurrence of it."""
        self.counts[ask.id] += 1
        occurrence = {}
        for name, value in captures.items():
            typed = self._as_recorded(name, value)
            occurrence[f"{ask.id}.{name}"] = typed
            owner = self if name in self.part.variables or self.session is None else self.session
            owner.values[name] = typed
            owner.captured_by[name] = ask.id
        self.captured |= occurrence
        return occurrence

    def reply_for(self, ask: Ask) -> Reply | None:
        """The next answer, or None when there is none left."""
        count, replies = self.counts[ask.id], ask.replies
        if ask.repeat == "cycle":
            return replies[count % len(replies)]
        if ask.repeat == "last":
            return replies[min(count, len(replies) - 1)]
        return replies[count] if count < len(replies) else None

    def _all_marks(self, moment: Moment) -> list[Mark]:
        own = self._marks.get(moment)
        if own is not None or self.session is None:
            return own or []
        return self.session._all_marks(moment)  # noqa: SLF001  a play of the same class

    def _follows_answer(self, cue: Cue) -> bool:
        asks = [*self.part.asks, *(self.session.part.asks if self.session is not None else ())]
        for moment in cue.trigger.moments:
            if moment.response:
                return True
            if any(
                ask.id == moment.step and median(cue.trigger.delay) >= ask.replies[0].after for ask in asks
            ):
                return True
        return False

    def _as_recorded(self, name: str, value: Any) -> Any:
        """A value from a path or a string, in the JSON type it was recorded with."""
        variable = self.timeline.scenario.variables.get(name)
        recorded = variable.recorded if variable is not None else None
        counted = isinstance(recorded, int) and not isinstance(recorded, bool)
        return int(value) if counted and isinstance(value, str) and _WHOLE.fullmatch(value) else value
