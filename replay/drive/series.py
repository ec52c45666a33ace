"""A run over its time: what happened in each of at most some hundred intervals, however long it took."""

from __future__ import annotations

import math
from collections import Counter

import msgspec

MOST = 400
"""Intervals; with one more, each two become one."""
SHORTEST = 0.5
"""Seconds that an interval lasts at the beginning."""
GRAIN = 1.04
"""What durations in an interval are told apart by: each class is this much longer than the one before."""
_LEAST = 1e-5
_CLASS = math.log(GRAIN)


class Durations:
    """Durations in classes of 4%, so that any number of them takes little room and can be added up."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._classes[math.ceil(math.log(max(seconds, _LEAST) / _LEAST) / _CLASS)] += 1
        self.longest = max(self.longest, seconds)

    def take(self, other: Durations) -> None:
        """All of another one."""
        self._classes.update(other._classes)
        self.longest = max(self.longest, other.longest)

    def at(self, percent: float) -> float | None:
        """Seconds that so many percent of them do not exceed; None where there are none."""
        total = self._classes.total()
        passed = 0
        for each in sorted(self._classes):
            passed += self._classes[each]
            if passed >= total * percent / 100:
                return min(_LEAST * GRAIN**each, self.longest)
        return None


class Interval(msgspec.Struct):
    """What happened in it."""

    answers: Durations = msgspec.field(default_factory=Durations)
    events: Durations = msgspec.field(default_factory=Durations)
    own: Durations = msgspec.field(default_factory=Durations)
    """How late our own timers were."""
    answered: int = 0
    came: int = 0
    errors: int = 0
    agents: int = 0
    """The most that were there."""
    chats: int = 0
    """The most that were under way."""

    def take(self, other: Interval) -> None:
        """All of the next one."""
        for mine, others in (
            (self.answers, other.answers),
            (self.events, other.events),
            (self.own, other.own),
        ):
            mine.take(others)
        self.answered += other.answered
        self.came += other.came
        self.errors += other.errors
        self.agents = max(self.agents, other.agents)
        self.chats = max(self.chats, other.chats)


class Series:
    """Intervals one after the other."""

    def __init__(self) -> None:
        self.seconds = SHORTEST
        """How long each lasts."""
        self.intervals: list[Interval] = []

    def at(self, elapsed: float) -> Interval:
        """The one in which a moment lies, in seconds after the beginning."""
        while elapsed / self.seconds >= MOST:
            self._widen()
        place = max(0, int(elapsed / self.seconds))
        while len(self.intervals) <= place:
            self.intervals.append(Interval())
        return self.intervals[place]

    def _widen(self) -> None:
        pairs = zip(self.intervals[::2], [*self.intervals[1::2], None], strict=False)
        for first, second in pairs:
            if second is not None:
                first.take(second)
        self.intervals = self.intervals[::2]
        self.seconds *= 2
