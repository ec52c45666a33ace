"""What counts from the same moment: where gaps in which nothing happens are found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate, pairwise


class Beside:
    """Delays that count from one moment, in seconds; a distribution stands at its median."""

    def __init__(self, delays: Iterable[float] = ()) -> None:
        """All of them, in any order."""
        self._delays = [0.0, *sorted(delays)]
        self._shortened: dict[float, list[float]] = {}
        """The same delays once no gap is longer than this."""

    def shortened(self, delay: float, longest: float) -> float:
        """Where `delay` stands once no gap between those up to it is longer than so many seconds."""
        shortened = self._shortened.get(longest)
        if shortened is None:
            gaps = (min(later - earlier, longest) for earlier, later in pairwise(self._delays))
            shortened = self._shortened[longest] = list(accumulate(gaps, initial=0.0))
        before = max(0, bisect_left(self._delays, delay) - 1)
        # What is too short to be shortened is left to the last digit as it was.
        if shortened[before] == self._delays[before] and delay - self._delays[before] <= longest:
            return delay
        return shortened[before] + min(delay - self._delays[before], longest)
