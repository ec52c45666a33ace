"""What many lives of a simulator leave behind, counted: tasks, descriptors, threads, memory, complaints."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import threading
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import replay

from .lives import LIVES, STORY, Life

LOOKED_AT = 5
"""Lives of each kind before memory is looked at: until then caches fill."""

Loop = Callable[[], asyncio.AbstractEventLoop]


class Left(NamedTuple):
    """What was there after all lives, beyond what was there before."""

    tasks: list[str]
    """Those that were not over when a life was."""
    descriptors: Counter[str]
    """Of the process, by kind."""
    threads: int
    kilobytes: float
    """Of Python's memory for each life, once caches are full."""
    resident: float
    """Megabytes of the process, for all of them."""
    complaints: list[str]
    """Of the loop, of Python about things that were not closed, and warnings."""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is left, but for what a few counters in libraries take."""
        return not (self.tasks or self.descriptors or self.threads or self.complaints) and self.kilobytes < 1


def lead(rounds: int, loop: Loop, lives: Sequence[Life] = LIVES) -> Left:
    """Leads all these lives, one after another, and again, in one event loop."""
    complaints: list[str] = []
    tasks: list[str] = []
    sizes: list[tuple[int, float]] = []
    threads, descriptors = threading.active_count(), _descriptors()

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(str(what)))
        for number in range(rounds + 1):
            for life in lives:
                async with asyncio.timeout(60):
                    await life()
                left = asyncio.all_tasks() - {asyncio.current_task()}
                tasks.extend(f"{life.__name__}: {task}" for task in left)
            if number in {0, min(LOOKED_AT, rounds // 2), rounds}:
                gc.collect()
                sizes.append((tracemalloc.get_traced_memory()[0], _resident()))

    said, sys.unraisablehook = sys.unraisablehook, lambda what: complaints.append(f"{what.exc_value} {what.object}")
    tracemalloc.start()
    try:
        with warnings.catch_warnings(), asyncio.Runner(loop_factory=loop) as runner:
            warnings.simplefilter("error")
            runner.run(main())
        gc.collect()
    finally:
        tracemalloc.stop()
        sys.unraisablehook = said
    _, (early, before), (late, after) = sizes
    lived = len(lives) * (rounds - min(LOOKED_AT, rounds // 2))
    return Left(
        tasks,
        _descriptors() - descriptors,
        threading.active_count() - threads,
        (late - early) / 1000 / lived,
        after - before,
        complaints,
    )


def readiness(times: int, loop: Loop) -> list[float]:
    """How long each of so many simulators took to be ready, in milliseconds, the first one first."""
    took = []

    async def main() -> None:
        for _ in range(times):
            began = time.perf_counter()  # noqa: TID251  a stopwatch, not a test
            async with replay.serve(STORY):
                took.append((time.perf_counter() - began) * 1000)  # noqa: TID251

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    return took


def median_of(times: Sequence[float]) -> str:
    """In words."""
    return f"ready in {statistics.median(times):.1f} ms (median; the first {times[0]:.0f} ms)"


def _descriptors() -> Counter[str]:
    kinds: Counter[str] = Counter()
    for each in os.listdir("/dev/fd"):
        # The one by which they are listed is gone.
        if (path := Path("/dev/fd", each)).exists():
            kinds[os.readlink(path).partition(":")[0]] += 1
    return kinds


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
