"""What many lives of a simulator leave behind, counted: tasks, descriptors, threads, memory, complaints."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import statistics
import sys
import threading
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import replay

from .lives import LIVES, STORY, Life

SHORT = 2
"""Rounds in which memory is not looked at, which makes them three times as long."""

Loop = Callable[[], asyncio.AbstractEventLoop]


class Left(NamedTuple):
    """What was there after all lives, beyond what was there before."""

    tasks: list[str]
    """Those that were not over when a life was."""
    descriptors: Counter[str]
    """Of the process, by kind."""
    threads: int
    kilobytes: float
    """Of Python's memory for each life of the second half: in the first, caches fill."""
    resident: float
    """Megabytes of the process, for all of the second half."""
    complaints: list[str]
    """Of the loop, of Python about things that were not closed, and warnings."""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is left but memory."""
        return not (self.tasks or self.descriptors or self.threads or self.complaints)


def lead(rounds: int, loop: Loop, lives: Sequence[Life] = LIVES) -> Left:
    """Leads all these lives, one after another, in one event loop, so many rounds, from two on.

    Of the memory for each nothing is known where they are short.
    """
    complaints: list[str] = []
    tasks: list[str] = []
    sizes: list[tuple[int, float]] = []
    # What a kind of loop keeps for good, it opens with its first.
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.get_loop()
    threads, descriptors = threading.active_count(), _descriptors()

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(str(what)))
        for number in range(rounds):
            for life in lives:
                async with asyncio.timeout(60):
                    led = life()
                    if led is not None:
                        await led
                left = asyncio.all_tasks() - {asyncio.current_task()}
                tasks.extend(f"{life.__name__}: {task}" for task in left)
            if number in {(rounds - 1) // 2, rounds - 1}:
                gc.collect()
                sizes.append((tracemalloc.get_traced_memory()[0], _resident()))

    told = logging.getLogger("asyncio")
    # In threads each loop has a handler of its own, which logs.
    told.addFilter(complain := lambda record: not complaints.append(record.getMessage()))
    hook = sys.unraisablehook
    sys.unraisablehook = lambda what: complaints.append(f"{what.exc_value} {what.object}")
    if rounds > SHORT:
        tracemalloc.start()
    try:
        with warnings.catch_warnings(), asyncio.Runner(loop_factory=loop) as runner:
            warnings.simplefilter("error")
            runner.run(main())
        gc.collect()
    finally:
        tracemalloc.stop()
        sys.unraisablehook = hook
        told.removeFilter(complain)
    (early, before), (late, after) = sizes
    return Left(
        tasks,
        _descriptors() - descriptors,
        threading.active_count() - threads,
        (late - early) / 1000 / (len(lives) * (rounds // 2)),
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
    for each in Path("/dev/fd").iterdir():
        # The one by which they are listed is gone.
        with suppress(FileNotFoundError):
            kinds[str(each.readlink()).partition(":")[0]] += 1
    return kinds


def _resident() -> float:
    return (
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
    )
