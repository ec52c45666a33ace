"""The process beside the proxy in which a recording is made; `carrier.py` starts it and reads its reports.

It reads all it is sent at once, so that a proxy that is killed takes nothing along, and ends when its input
does. Signals do not end it: they are sent to the proxy, and to whole groups.
"""

from __future__ import annotations

import logging
import marshal
import os
import select
import signal
import time
from typing import Any

from .worker import Worker

CHECKPOINT = 0.25
"""Seconds between two reports while there is something to report."""

_GATHER = 0.02  # a wake-up for each message would take the proxy's core from it
_NICE = 10
_MOST = 1 << 20
_HEAD = 4


def frame(value: Any) -> bytes:
    """A value as it travels: its length before it."""
    data = marshal.dumps(value, 4)
    return len(data).to_bytes(_HEAD, "big") + data


def thawed(data: bytes) -> Any:
    """The value that `frame` gave these bytes for."""
    return marshal.loads(data[_HEAD:])  # noqa: S302  our own


class Frames:
    """Values out of bytes as they come."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        if self._at > _MOST or self._at == len(self._data):
            del self._data[: self._at]
            self._at = 0
        self._data += data

    def next(self) -> Any:
        """The next value; None until it is whole."""
        start = self._at + _HEAD
        end = start + int.from_bytes(self._data[self._at : start], "big")
        if len(self._data) < max(start, end):
            return None
        self._at = end
        return marshal.loads(self._data[start:end])  # noqa: S302  our own parent, our own child


class _Said(logging.Handler):
    """What the worker has to say, for the parent to say it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, record.getMessage()))


class _Input:
    """Standard input, taken from the pipe as soon as it comes, whatever the worker is at."""

    def __init__(self) -> None:
        self.frames = Frames()
        self.open = True
        os.set_blocking(0, False)

    def take(self) -> None:
        """Take all there is."""
        while self.open:
            try:
                data = os.read(0, _MOST)
            except BlockingIOError:
                return
            self.open = bool(data)
            self.frames.feed(data)

    def next(self) -> Any:
        """Wait for the next value; None when there is none."""
        while (value := self.frames.next()) is None and self.open:
            self.wait(None)
            self.take()
        return value

    def wait(self, seconds: float | None) -> bool:
        """Wait for more; False when none came in time."""
        return bool(select.select([0], [], [], seconds)[0])


def main() -> None:
    """Record what comes on standard input; report on standard output."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    # On a machine that is full the clients come first.
    os.nice(_NICE)
    said = _Said()
    log = logging.getLogger("replay.capture")
    log.addHandler(said)
    log.setLevel(logging.INFO)
    log.propagate = False
    given = _Input()
    settings = given.next()
    if settings is None:
        return
    worker = Worker(settings)
    for _ in range(settings["open"]):
        if (message := given.next()) is not None:
            worker.handle(message)
    worker.writer.open()
    handled = 0
    _report(worker, handled, said)
    handled = _work(worker, given, said)
    worker.finish()
    _report(worker, handled, said)


def _work(worker: Worker, given: _Input, said: _Said) -> int:
    """Handle what comes until the end of it; how many messages came."""
    handled = 0
    reported = 0
    due = 0.0
    while True:
        given.take()
        message = given.frames.next()
        if message is not None:
            worker.handle(message)
            handled += 1
        elif not given.open:
            return handled
        now = time.monotonic()  # noqa: TID251  this file travels without replay.clock
        if handled > reported and now >= due:
            worker.checkpoint()
            _report(worker, handled, said)
            reported, due = handled, now + CHECKPOINT
        elif message is None and given.wait(due - now if handled > reported else None):
            time.sleep(_GATHER)  # noqa: TID251  as above; more comes meanwhile


def _report(worker: Worker, handled: int, said: _Said) -> None:
    report = worker.report() | {"handled": handled, "said": list(said.lines)}
    said.lines.clear()
    data = memoryview(frame(report))
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        # The proxy was killed; the recording is finished all the same.
        return
