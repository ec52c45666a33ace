"""The only module that reads the time or waits for it: the machine's clock, and one moved by hand.

Waits are for a deadline, never for a duration, so lateness never adds up.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Protocol

from replay import timerfd

Callback = Callable[[], None]


def wall_time() -> float:
    """Seconds since 1970."""
    return time.time()  # noqa: TID251  this module is where the time is read


def processor_time() -> float:
    """Seconds for which this process has kept a processor busy."""
    return time.process_time()


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
    """The machine's own clock, on the running event loop.

    On Linux a timerfd wakes the loop: never early, and late by microseconds, where asyncio's timers round
    up to a millisecond and uvloop's either way. Elsewhere those timers have to do.
    """

    def __init__(self) -> None:
        self._bell: _Bell | None = None

    def now(self) -> float:
        """Seconds since the machine started, in whole microseconds.

        So that sums of them and of a scenario's delays that mean one moment can be told to be one.
        """
        return time.monotonic_ns() // 1000 / 1e6

    def call_at(self, at: float, callback: Callback) -> Alarm:
        """Calls back once `now()` has reached `at`."""
        loop = asyncio.get_running_loop()
        bell = self._bell
        if bell is None or bell.loop is not loop:
            bell = self._bell = _Bell(loop, self.now)
        return bell.ring_at(at, callback) or _LoopAlarm(self, at, callback)


FEW = 64
"""Alarms that are kept whether or not they have been called off."""


class _Bell:
    """All alarms of a clock on one loop, behind one timerfd.

    The descriptor is there only while something is due, so that nobody has to close a clock.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        self.loop = loop
        self._now = now
        self._due: list[_Entry] = []
        self._order = itertools.count()
        self._live = 0
        self._ringing = False
        self._fd: int | None = None
        self._closes: Callback | None = None

    def ring_at(self, at: float, callback: Callback) -> Alarm | None:
        """One more alarm; None where there is no timerfd to be had."""
        if self._fd is None and not self._open():
            return None
        alarm = _Alarm(callback, self._called_off)
        self._live += 1
        heapq.heappush(self._due, (at, next(self._order), alarm))
        if self._due[0][2] is alarm and not self._ringing:
            self._set()
        return alarm

    def _open(self) -> bool:
        fd = timerfd.create()
        if fd is None:
            return False
        try:
            self.loop.add_reader(fd, self._ring)
        except NotImplementedError:
            os.close(fd)
            return False
        self._fd = fd
        # A loop that ends with something still due takes its descriptor with it.
        self._closes = weakref.finalize(self, os.close, fd)
        return True

    def _ring(self) -> None:
        self._ringing = True
        try:
            now = self._now()
            while self._due and self._due[0][0] <= now:
                alarm = heapq.heappop(self._due)[2]
                if alarm.callback is not None:
                    self._live -= 1
                    alarm.ring()
        finally:
            # What a callback that failed has left is still due.
            self._ringing = False
            self._set()

    def _called_off(self) -> None:
        self._live -= 1
        # Most of what is called off would have been due long after what took its place.
        self._due, _ = _without_called_off(self._due, len(self._due) - self._live)
        if not self._live and not self._ringing:
            self._set()

    def _set(self) -> None:
        """Has the descriptor wake the loop for what is due first; also takes back that it has."""
        assert self._fd is not None
        while self._due and self._due[0][2].callback is None:
            heapq.heappop(self._due)
        timerfd.set_to(self._fd, self._due[0][0] if self._due else None)
        if not self._due:
            # Not at once: whoever waits again and again asks for the next alarm in this same turn.
            self.loop.call_soon(self._close)

    def _close(self) -> None:
        if self._due or self._fd is None:
            return
        self.loop.remove_reader(self._fd)
        self._fd = None
        assert self._closes is not None
        self._closes()


class _Alarm:
    """Rings once, unless it was called off before."""

    def __init__(self, callback: Callback, called_off: Callback) -> None:
        self.callback: Callback | None = callback
        self._called_off = called_off

    def ring(self) -> None:
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            self._called_off()


_Entry = tuple[float, int, _Alarm]


def _without_called_off(due: list[_Entry], called_off: int) -> tuple[list[_Entry], int]:
    """The same heap without what has been called off, once that is most of it; how much it has of that."""
    if len(due) <= FEW or called_off <= len(due) // 2:
        return due, called_off
    due = [entry for entry in due if entry[2].callback is not None]
    heapq.heapify(due)
    return due, 0


class _LoopAlarm:
    """One of the loop's own timers, set again when it rang early: uvloop's do."""

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
        self._due: list[_Entry] = []
        self._order = itertools.count()
        self._called_off = 0
        """How many of those due have been called off."""

    def now(self) -> float:
        """Where it was last moved to."""
        return self._now

    @property
    def next_due(self) -> float | None:
        """When the next alarm rings; None when none is set."""
        while self._due and self._due[0][2].callback is None:
            self._take()
        return self._due[0][0] if self._due else None

    def call_at(self, at: float, callback: Callback) -> Alarm:
        """Calls back while the clock is advanced past `at`."""
        alarm = _Alarm(callback, self._call_off)
        heapq.heappush(self._due, (at, next(self._order), alarm))
        return alarm

    def advance(self, seconds: float) -> None:
        """Moves on, stopping at each moment something is due."""
        if seconds < 0:
            raise ValueError("a clock never goes back")
        self.move_to(self._now + seconds)

    def move_to(self, end: float) -> None:
        """Moves on to a moment, stopping at each at which something is due."""
        while self._due and self._due[0][0] <= end:
            at, alarm = self._take()
            self._now = max(self._now, at)
            alarm.ring()
        self._now = max(self._now, end)

    def _take(self) -> tuple[float, _Alarm]:
        at, _, alarm = heapq.heappop(self._due)
        self._called_off -= alarm.callback is None
        return at, alarm

    def _call_off(self) -> None:
        self._called_off += 1
        self._due, self._called_off = _without_called_off(self._due, self._called_off)
