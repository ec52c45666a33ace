"""How faults' settings are written: delays, rates, sizes; each text is read once."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from replay.scenario.delays import Delay, parse_delay
from replay.scenario.durations import parse_duration

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(B|KB|MB)/s", re.ASCII)
_UNITS = {"B": 1, "KB": 1_000, "MB": 1_000_000}
_SHARE = re.compile(r"(\d{1,3})%", re.ASCII)

read_delay: Callable[[str], Delay] = cache(parse_delay)
"""Seconds or a distribution, of a delay as files write it."""
read_duration: Callable[[str], float] = cache(parse_duration)
"""Seconds, of a duration as files write it."""

T = TypeVar("T")


@cache
def read_rate(text: str) -> float:
    """Bytes per second, of `64KB/s`.

    Raises:
        ValueError: it is no rate.
    """
    found = _RATE.fullmatch(text)
    if not found or not float(found[1]):
        raise ValueError(f"'{text}' is no rate; write it as 64KB/s")
    return float(found[1]) * _UNITS[found[2]]


def share_of(size: int | str, whole: int) -> int:
    """So many bytes of a body: a number of them, or a share such as `50%`; never all, unless it has none.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(size, int):
        if size < 0:
            raise ValueError(f"{size} is no number of bytes")
        return min(size, max(whole - 1, 0))
    found = _SHARE.fullmatch(size)
    if not found or int(found[1]) >= 100:
        raise ValueError(f"'{size}' is no share of a body; write a number of bytes, or 50%")
    return whole * int(found[1]) // 100
