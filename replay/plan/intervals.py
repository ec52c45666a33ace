"""When a push may have happened, as its step says: after what, and between which moments."""

from __future__ import annotations

import msgspec

from replay.scenario.delays import median, span
from replay.scenario.durations import parse_duration
from replay.scenario.model import PushStep
from replay.scenario.triggers import parse_trigger


class Interval(msgspec.Struct, frozen=True):
    """Seconds after the last of a push's moments."""

    earliest: float
    latest: float
    played: float
    """When it is played; of a distribution, the moment that half are played before."""

    def misses(self, seconds: float) -> float:
        """By how much something that came so late is too late, or, below zero, too early."""
        return seconds - min(max(seconds, self.earliest), self.latest)


def interval(step: PushStep) -> Interval:
    """Of a step that was loaded: from `window` before its shortest delay, but never before its cause."""
    delay = parse_trigger(step.after).delay
    shortest, longest = span(delay)
    return Interval(max(0.0, shortest - parse_duration(step.window)), longest, median(delay))
