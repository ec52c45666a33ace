"""Lines on their way to a descriptor that may not take them: nobody waits for it but a thread."""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Callable
from contextlib import suppress

MOST = 10_000
"""Lines that wait at most; what comes beyond is lost, and counted."""
AT_ONCE = 100
"""Lines that are written together."""
PATIENCE = 1.0
"""Seconds that what waits at the end gets to be read."""

Make = Callable[[], bytes]


class Writer:
    """Writes lines in order, in a thread of its own, which makes them too."""

    def __init__(self, descriptor: int, lost: Callable[[int], bytes], *, most: int = MOST) -> None:
        """Begins at once.

        Args:
            lost: The line that says how many others were lost.
        """
        self.lost = 0
        """Lines that nobody will read."""
        self._descriptor = descriptor
        self._say_lost = lost
        self._waiting: queue.Queue[Make | None] = queue.Queue(most)
        self._lock = threading.Lock()
        self._said = 0
        self._closing = False
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, make: Make) -> None:
        """One more line; returns at once."""
        try:
            self._waiting.put_nowait(make)
        except queue.Full:
            with self._lock:
                self.lost += 1

    def close(self, patience: float = PATIENCE) -> None:
        """Ends when all is written, or when nobody has read it for that long."""
        self._closing = True
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(patience)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            made = [self._waiting.get()]
            while len(made) < AT_ONCE and not self._waiting.empty():
                made.append(self._waiting.get())
            is_last = None in made or (self._closing and self._waiting.empty())
            if not self._broken:
                self._write(b"".join(make() for make in made if make is not None) + self._losses())

    def _losses(self) -> bytes:
        """A line about what has been lost since the last one, if anything was."""
        lost = self.lost - self._said
        self._said += lost
        return self._say_lost(lost) if lost else b""

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [], PATIENCE)
            except OSError:
                # Whoever read it is gone.
                self._broken = True
                return
