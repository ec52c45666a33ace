"""Clients that do not read what they are sent: what waits for them is bounded, in size and in time.

A transport says when more than 64 KB wait in it, and then nobody adds to it until it has got rid of them.
Where that takes too long without any progress, the connection is given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp.web_protocol import RequestHandler

from replay.clock import Alarm, Clock
from replay.server.connections import reset

if sys.platform != "win32":
    import fcntl
    import termios

PATIENCE = 30.0
"""Seconds that a client gets to read something of what waits for it."""
LOOK = 5.0
"""Seconds between two looks at those who are slow; while nobody is, nobody looks."""


class Watched(RequestHandler):
    """A connection of aiohttp's that says when its client does not read."""

    __slots__ = ("_pressure",)

    def __init__(self, *given: Any, pressure: Pressure, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self._pressure = pressure

    def pause_writing(self) -> None:
        """More waits than should."""
        super().pause_writing()
        self._pressure.paused(self.transport)

    def resume_writing(self) -> None:
        """It has been read."""
        super().resume_writing()
        self._pressure.resumed(self.transport)


def _unread(transport: asyncio.Transport) -> int:
    """Bytes that wait for the client, also those that the kernel has taken: it takes them by the megabyte."""
    waits = transport.get_write_buffer_size()
    if sys.platform != "win32":
        answer = bytearray(4)
        with contextlib.suppress(OSError):
            # What Linux calls SIOCOUTQ of a socket; where there is none, only what we hold is counted.
            fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, answer)
            waits += int.from_bytes(answer, sys.byteorder)
    return waits


class _Slow(msgspec.Struct):
    """A connection that is behind."""

    waits: int
    """Bytes that waited when it was last seen to have read some."""
    since: float


class Pressure:
    """Everybody who is behind."""

    def __init__(self, clock: Clock, given_up: Callable[[str], None]) -> None:
        """Args:
        clock: Real time: what a socket does goes by no other.
        given_up: Told why, whenever a connection is cut.
        """
        self._clock = clock
        self._given_up = given_up
        self._slow: dict[asyncio.Transport, _Slow] = {}
        self._alarm: Alarm | None = None

    def paused(self, transport: asyncio.Transport | None) -> None:
        """More waits in a connection than should: its protocol's `pause_writing`."""
        if transport is None or transport.is_closing():
            return
        self._slow[transport] = _Slow(_unread(transport), self._clock.now())
        if self._alarm is None:
            self._alarm = self._clock.call_at(self._clock.now() + LOOK, self._look)

    def resumed(self, transport: asyncio.Transport | None) -> None:
        """It has been read: the protocol's `resume_writing`."""
        if transport is not None:
            self._slow.pop(transport, None)

    def close(self) -> None:
        """Looks no more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._slow.clear()

    def _look(self) -> None:
        now, self._alarm = self._clock.now(), None
        for transport, slow in list(self._slow.items()):
            if transport.is_closing():
                del self._slow[transport]
                continue
            waits = _unread(transport)
            if waits < slow.waits:
                slow.waits, slow.since = waits, now
            elif now - slow.since >= PATIENCE:
                del self._slow[transport]
                reset(transport)
                self._given_up(f"a client has read nothing for {PATIENCE:.0f} s while {waits:,} bytes waited")
        if self._slow:
            self._alarm = self._clock.call_at(now + LOOK, self._look)
