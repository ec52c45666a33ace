"""How late things were done, by the server's own account: a histogram that is cheap to write to."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

BOUNDS = tuple(10e-6 * 1.05**power for power in range(284))
"""Upper ends of the buckets: from 10 us to 10 s, each a twentieth wider than the one before."""


class Lateness:
    """Seconds from when something was due to when it was done."""

    def __init__(self) -> None:
        self.of_this: float | None = None
        """Of what is being done now; None while that had no time to wait for."""
        self.counts = [0] * (len(BOUNDS) + 1)
        """How many fell into each bucket of `BOUNDS`; the last has what is beyond all."""
        self.total = 0.0
        """The sum of all."""
        self.worst = 0.0
        self._least: float | None = None
        """None while nothing was noted."""

    @property
    def count(self) -> int:
        """How many things had a time to wait for."""
        return sum(self.counts)

    @property
    def earliest(self) -> float:
        """The least of all, below 0 when something was done before its time; 0 when nothing was noted."""
        return self._least if self._least is not None else 0.0

    def note(self) -> float:
        """What is being done is done; returns how late, which is 0 when it had no time to wait for."""
        late = self.of_this
        if late is None:
            return 0.0
        self.record(late)
        return late

    def record(self, late: float) -> None:
        """One more thing was done, so many seconds after its time."""
        self.counts[bisect_left(BOUNDS, late)] += 1
        self.total += late
        # Compared by hand: this is done for every event.
        if self._least is None or late < self._least:
            self._least = late
        if late > self.worst:  # noqa: PLR1730  by hand, as said
            self.worst = late

    def add(self, other: Lateness) -> None:
        """All that another has counted is counted here too."""
        if not other.count:
            return
        self._least = min(self.earliest, other.earliest) if self.count else other.earliest
        self.counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        self.total += other.total
        self.worst = max(self.worst, other.worst)

    def quantile(self, share: float) -> float:
        """What this share of all stayed within, at most a twentieth too much; 0 when nothing was noted."""
        wanted = share * self.count
        for bound, below in zip((*BOUNDS, self.worst), accumulate(self.counts), strict=True):
            if below >= wanted:
                return min(bound, self.worst)
        return self.worst

    @property
    def p50(self) -> float:
        """The median."""
        return self.quantile(0.5)

    @property
    def p99(self) -> float:
        """What one in a hundred exceeded."""
        return self.quantile(0.99)

    def __str__(self) -> str:
        if not self.count:
            return "nothing had a time to wait for"
        p50, p99, worst = (f"{1000 * each:.2f} ms" for each in (self.p50, self.p99, self.worst))
        early = f", {-1000 * self.earliest:.2f} ms early at worst" if self.earliest < 0 else ""
        return f"p50 {p50}, p99 {p99}, worst {worst}{early} over {self.count:,} timed answers and events"
