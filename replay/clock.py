"""The only module that reads the time or waits for it: the machine's clock, and one moved by hand.

Waits are for a deadline, never for a duration, so lateness never adds up.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

Callback = Callable[[], None]


def wall_time() -> float:
    """Seconds since 1970."""
    return time.time()  # noqa: TID251  this module is where the time is read


class Alarm(Protocol):
    """A wait that can be called off."""

    def cancel(self) -> None:
        """Calls it off; harmless when it has rung."""


class Clock(Protocol):
    """Seconds since some fixed moment, and calls at a later one."""

    def now(self) -> float:
        """The present, never going back."""

    def call_at(self, at: float, callback: Callback) -> Alarm:
        """Calls back once `now()` has reached `at`, never before."""


class SystemClock:
    """The machine's own clock, on the running event loop."""

    def now(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()  # noqa: TID251  this module is where the time is read

    def call_at(self, at: float, callback: Callback) -> Alarm:
        """Calls back once `now()` has reached `at`."""
        return _SystemAlarm(self, at, callback)


class _SystemAlarm:
    """Rings again when it rang early: uvloop rounds timers to a millisecond, either way."""

    def __init__(self, clock: SystemClock, at: float, callback: Callback) -> None:
        self._clock = clock
        self._loop = loop = asyncio.get_running_loop()
        self._at = at
        self._callback = callback
        self._handle: asyncio.Handle = loop.call_later(max(0.0, at - clock.now()), self._ring)

    def _ring(self) -> None:
        early = self._at - self._clock.now()
        if early > 0:
            # Below a timer's grain a turn of the loop is the shortest wait there is.
            again = self._loop.call_soon if early < 0.001 else partial(self._loop.call_later, early)
            self._handle = again(self._ring)
            return
        self._callback()

    def cancel(self) -> None:
        self._handle.cancel()


class ManualClock:
    """A clock that stands still until it is advanced; what is due then rings in order."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._due: list[tuple[float, int, _ManualAlarm]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Where it was last moved to."""
        return self._now

    def call_at(self, at: float, callback: Callback) -> Alarm:
        """Calls back while the clock is advanced past `at`."""
        alarm = _ManualAlarm(callback)
        heapq.heappush(self._due, (at, next(self._order), alarm))
        return alarm

    def advance(self, seconds: float) -> None:
        """Moves on, stopping at each moment something is due."""
        if seconds < 0:
            raise ValueError("a clock never goes back")
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            at, _, alarm = heapq.heappop(self._due)
            self._now = max(self._now, at)
            alarm.ring()
        self._now = end


class _ManualAlarm:
    def __init__(self, callback: Callback) -> None:
        self._callback: Callback | None = callback

    def ring(self) -> None:
        if self._callback is not None:
            self._callback()

    def cancel(self) -> None:
        self._callback = None
