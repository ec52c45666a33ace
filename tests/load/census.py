"""What a process keeps, counted: objects by their type, and what stands in the containers of ours."""

from __future__ import annotations

import gc
import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

OTHERS = ("aiohttp", "asyncio", "_asyncio", "uvloop")
"""Whose objects are counted beside ours: connections, tasks, timers, futures."""
CONTAINERS = (dict, list, set, frozenset, deque, tuple)
SHARE, FEW = 0.25, 15
"""What may be more at the end than at the beginning: a share of what there is, and a few."""

PAGE = os.sysconf("SC_PAGE_SIZE")
BLOCK = 6
"""Looks of which the lowest counts."""


def census() -> Counter[str]:
    """All that is alive now."""
    gc.collect()
    found: Counter[str] = Counter()
    for each in gc.get_objects():
        kind = type(each)
        module = kind.__module__ if isinstance(kind.__module__, str) else ""
        room = module.partition(".")[0]
        if room == "replay":
            found[kind.__qualname__] += 1
            for name, size in _kept(each):
                found[f"{kind.__qualname__}.{name}"] += size
        elif room in OTHERS:
            found[f"{module}.{kind.__qualname__}"] += 1
    return found


def _kept(one: Any) -> Iterator[tuple[str, int]]:
    """How much stands in the containers of an object, and one step deeper."""
    for name, value in _fields(one):
        if isinstance(value, CONTAINERS):
            yield name, len(value)
            within = value.values() if isinstance(value, dict) else value
            # A tuple there is a record: it is as large as it was.
            deeper = sum(
                len(each) for each in within if isinstance(each, CONTAINERS) and not isinstance(each, tuple)
            )
            if deeper:
                yield f"{name}[]", deeper


def _fields(one: Any) -> Iterator[tuple[str, Any]]:
    """What an object has; what it would make when it is asked for is not made."""
    if isinstance(one, type | msgspec.Struct):
        return
    if hasattr(one, "__dict__"):
        yield from vars(one).items()
    for kind in type(one).__mro__:
        for name in kind.__dict__.get("__slots__", ()):
            with suppress(AttributeError):
                yield name, kind.__dict__[name].__get__(one)


def growing(samples: Sequence[Counter[str]]) -> dict[str, str]:
    """What grows from the first of these to the last, each taken as long after the one before."""
    found = {}
    for name in sorted({name for sample in samples for name in sample}):
        values = [sample[name] for sample in samples]
        # What goes up and down does so between a floor and a ceiling: it grows when its floor rises.
        floor = [min(values[at : at + BLOCK]) for at in range(0, len(values), BLOCK)]
        if grown(floor) > SHARE * sum(floor) / len(floor) + FEW:
            found[name] = " ".join(map(str, values))
    return found


def resident() -> int:
    """Kilobytes that this process occupies."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE // 1024


def grown(values: Sequence[float]) -> float:
    """How much more there is at the end, by the straight line that lies nearest to all."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    slope = sum((at - middle) * (value - mean) for at, value in enumerate(values))
    return slope / sum((at - middle) ** 2 for at in range(len(values))) * (len(values) - 1)
