"""Durations as the file writes them (`41ms`, `1.2s`, `2m`) and as the program counts them, in seconds."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# Ten digits of seconds are as far as two clocks can be apart.
_DURATION = re.compile(r"(\d{1,10}(?:\.\d{1,9})?)(ms|s|m|h)", re.ASCII)
_TENTH_MS_PER_S = 10_000


def parse_duration(text: str) -> float:
    """Seconds that `text` stands for: `250ms`, `1.2s`, `2m`, `1h`.

    Raises:
        ValueError: it is no duration; the message says what was read and what would be right.
    """
    found = _DURATION.fullmatch(text)
    if found:
        number, unit = found.groups()
        # 41 / 1000 is the float nearest to 0.041; 41 * 0.001 is not.
        return float(number) / 1000 if unit == "ms" else float(number) * _UNITS[unit]
    raise ValueError(f"'{text}' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m")


def format_duration(seconds: float) -> str:
    """The shortest text that stands for `seconds`, exact to 0.1 ms.

    Raises:
        ValueError: `seconds` is negative or no number.
    """
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"a duration is never negative or endless, and {seconds} is")
    tenths = round(seconds * _TENTH_MS_PER_S)
    for unit, size in (("h", 36_000_000), ("m", 600_000)):
        if tenths and tenths % size == 0:
            return f"{tenths // size}{unit}"
    if tenths == 0:
        return "0s"
    if tenths < _TENTH_MS_PER_S:
        return f"{_decimal(tenths, 10)}ms"
    return f"{_decimal(tenths, _TENTH_MS_PER_S)}s"


def _decimal(count: int, per_unit: int) -> str:
    whole, rest = divmod(count, per_unit)
    if not rest:
        return str(whole)
    digits = len(str(per_unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
