"""How far apart two delays are, and how far apart they may be."""

from __future__ import annotations

import re

import msgspec

from replay.scenario.delays import Delay, span
from replay.scenario.durations import parse_duration

_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)%", re.ASCII)


class Tolerance(msgspec.Struct, frozen=True):
    """What two delays may be apart and still be the same: so many seconds, or a share of the longer one."""

    seconds: float = 0.010
    share: float = 0.0

    def allows(self, apart: float, longest: float) -> bool:
        """Whether delays `apart` seconds from each other are the same, the longer of them being `longest`."""
        return apart <= max(self.seconds, self.share * longest) + 1e-9


def parse_tolerance(text: str) -> Tolerance:
    """Reads `10ms` or `50%`.

    Raises:
        ValueError: it is neither; the message says what would be right.
    """
    found = _PERCENT.fullmatch(text)
    if found:
        return Tolerance(0.0, float(found[1]) / 100)
    try:
        return Tolerance(parse_duration(text))
    except ValueError:
        raise ValueError(f"'{text}' is no tolerance; write 10ms, or 50%") from None


def apart(one: Delay, other: Delay, windows: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Seconds between the nearest moments that two delays allow, and the longer of the two delays.

    A distribution allows all within its span. What waited for a poll happened at any time in its window,
    which ends at the delay.
    """
    (low, high), (other_low, other_high) = span(one), span(other)
    low, other_low = low - windows[0], other_low - windows[1]
    return max(0.0, low - other_high, other_low - high), max(high, other_high)
