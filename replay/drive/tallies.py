"""All figures of a run: durations as HDR histograms, errors by sort, and how it went over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from replay.drive.actions import Told
from replay.drive.series import Series
from replay.errors import SurroundingsError

LONGEST = 3600.0
"""Seconds; what takes longer is counted as this."""
FEW = 100
"""Steps up to which durations are told apart to a thousandth (190 KB each), beyond to a hundredth (27 KB)."""
SORTS = 200
"""Errors that are told apart, by their sort and step; more are counted as one."""
OTHERS = "(others)"
PERCENTS = (50.0, 90.0, 99.0, 99.9)
MEASURES = ("p50", "p90", "p99", "p99.9", "max", "mean", "min", "count")
"""What can be asked of durations; of percentiles any other too."""

_MICRO = 1e6


def check_installed() -> None:
    """Raises `SurroundingsError` where the histograms' library is missing."""
    try:
        import hdrh.histogram  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        what = "driving load needs hdrhistogram, which is not installed"
        raise SurroundingsError(f'{what}: pip install "gws-replay[load]"') from None


class Measured:
    """Durations of one sort, as an HDR histogram of microseconds."""

    def __init__(self, digits: int = 3) -> None:
        from hdrh.histogram import HdrHistogram  # noqa: PLC0415  an extra, see check_installed

        self._histogram: Any = HdrHistogram(1, int(LONGEST * _MICRO), digits)
        self._total = 0.0
        self.max = 0.0
        self.min = 0.0
        self.count = 0
        self.early = 0
        """Of these came before their time, which counts as no time at all."""

    def add(self, seconds: float) -> None:
        """One more."""
        if seconds < 0:
            self.early += 1
            seconds = 0.0
        self._histogram.record_value(min(int(seconds * _MICRO), int(LONGEST * _MICRO)))
        self.min = seconds if not self.count else min(self.min, seconds)
        self.max = max(self.max, seconds)
        self._total += seconds
        self.count += 1

    def at(self, percent: float) -> float:
        """Seconds that so many percent of them do not exceed."""
        return min(float(self._histogram.get_value_at_percentile(percent)) / _MICRO, self.max)

    def measure(self, name: str) -> float:
        """`p99`, `max`, `mean`, `min` in seconds, or `count`."""
        match name:
            case "max":
                return self.max
            case "min":
                return self.min
            case "mean":
                return self._total / self.count if self.count else 0.0
            case "count":
                return float(self.count)
            case _:
                return self.at(float(name[1:]))

    def curve(self) -> list[tuple[float, float]]:
        """Percentages and seconds, closer to each other the nearer to all, for a plot."""
        percents = [0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999]
        return [(each, self.at(each)) for each in percents if self.count * (100 - each) >= 50 or each <= 99]

    def row(self) -> dict[str, float]:
        """For programs: seconds, by the names of measures."""
        found = {name: round(self.measure(name), 6) for name in MEASURES if name != "count"}
        return {"count": self.count, **found}


class Failing(msgspec.Struct):
    """Errors of one sort, at one step."""

    error: str
    step: str
    example: str
    count: int = 0


class Tallies:
    """What a run has come to so far."""

    def __init__(self, steps: Iterable[str]) -> None:
        """Nothing has happened yet.

        Args:
            steps: All there are, in order.
        """
        self._order = {step: place for place, step in enumerate(steps)}
        self._digits = 3 if len(self._order) <= FEW else 2
        self._answers: dict[str, Measured] = {}
        self._events: dict[str, Measured] = {}
        self.requests = Measured()
        """From when each request was meant to be made to its answer, whatever its step."""
        self.events = Measured()
        """How late events came that were known to be due."""
        self.chats = Measured()
        """How long stories took that were seen to their ends."""
        self._failing: dict[tuple[str, str], Failing] = {}
        self.undated: Counter[str] = Counter()
        """Events of which nobody can say when they were due, by step."""
        self.came = 0
        """Events that were steps."""
        self.errors = 0
        self.given_up = 0
        """Chats that could not be played to their ends."""
        self.recoveries = 0
        self.strangers = 0
        self.series = Series()

    def take(self, told: Told, elapsed: float) -> None:
        """One more figure, so many seconds after the beginning."""
        interval = self.series.at(elapsed)
        match told.kind:
            case "answer":
                assert told.seconds is not None
                self._measured(self._answers, told.step).add(told.seconds)
                self.requests.add(told.seconds)
                interval.answers.add(told.seconds)
                interval.answered += 1
            case "event":
                self.came += 1
                interval.came += 1
                if told.seconds is None:
                    self.undated[told.step] += 1
                else:
                    self._measured(self._events, told.step).add(told.seconds)
                    self.events.add(told.seconds)
                    interval.events.add(told.seconds)
            case "chat":
                self.chats.add(told.seconds or 0.0)
            case "given up":
                self.given_up += 1
            case "recovery":
                self.recoveries += 1
            case "stranger":
                self.strangers += 1
            case "error":
                interval.errors += 1
                self._fails(told)

    def _fails(self, told: Told) -> None:
        self.errors += 1
        key = told.error, told.step
        if key not in self._failing and len(self._failing) >= SORTS:
            key = OTHERS, ""
        if key not in self._failing:
            self._failing[key] = Failing(*key, told.example)
        self._failing[key].count += 1

    def _measured(self, among: dict[str, Measured], step: str) -> Measured:
        if step not in among:
            among[step] = Measured(self._digits)
        return among[step]

    @property
    def answers_by_step(self) -> dict[str, Measured]:
        """Those of each request, in order of the scenario."""
        return self._sorted(self._answers)

    @property
    def events_by_step(self) -> dict[str, Measured]:
        """Those of each event, in order of the scenario."""
        return self._sorted(self._events)

    @property
    def failing(self) -> list[Failing]:
        """Errors by sort, most frequent first."""
        return sorted(self._failing.values(), key=lambda each: -each.count)

    def of(self, subject: str) -> Measured | None:
        """Durations of a step, or of all `requests`, `events` or `chats`; None where there are none."""
        found = self._answers.get(subject) or self._events.get(subject)
        if found is None:
            all_ = {"requests": self.requests, "events": self.events, "chats": self.chats}
            found = all_.get(subject)
        return found if found is not None and found.count else None

    @property
    def error_share(self) -> float:
        """Errors among all that was counted: answers, events and errors."""
        everything = self.requests.count + self.came + self.errors
        return self.errors / everything if everything else 0.0

    def _sorted(self, found: dict[str, Measured]) -> dict[str, Measured]:
        return dict(sorted(found.items(), key=lambda each: self._order.get(each[0], 0)))
