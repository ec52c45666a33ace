"""Where connections come in: who comes when there is no room is told so, and those who are here go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from replay.server.connections import reset
from replay.server.descriptors import Probe

TOLD = 16
"""Connections without room that are open at a time, until they have asked for something and are answered."""

WHY = "there are no descriptors left for another connection (ulimit -n)"

_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain;charset=UTF-8\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
)


class Door:
    """A factory of protocols, as listeners ask for one."""

    def __init__(
        self, inside: Callable[[], asyncio.Protocol], probe: Probe, turned_away: Callable[[str], None]
    ) -> None:
        """Args:
        inside: Makes the protocol of a connection that there is room for.
        turned_away: Told why, each time that there is none.
        """
        self._inside = inside
        self._probe = probe
        self._turned_away = turned_away
        self._waiting: dict[_NoRoom, None] = {}

    def __call__(self) -> asyncio.Protocol:
        if self._probe.has_room:
            return self._inside()
        self._turned_away(WHY)
        if len(self._waiting) >= TOLD:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            reset(oldest.transport)
        return _NoRoom(self._waiting)


class _NoRoom(asyncio.Protocol):
    """Answers whatever is asked with 503, and closes."""

    def __init__(self, waiting: dict[_NoRoom, None]) -> None:
        self._waiting = waiting
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._waiting[self] = None

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  asyncio's words
        if self.transport is not None and not self.transport.is_closing():
            body = f"{WHY}\n".encode()
            self.transport.write(_ANSWER % (len(body), body))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  as above
        self._waiting.pop(self, None)
        self.transport = None
