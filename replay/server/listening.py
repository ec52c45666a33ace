"""What the kernel is told of a port: how many may wait at it, and when a connection is dead.

Connections that are accepted inherit it from their port (Linux; on macOS what it knows of keepalive).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

BACKLOG = 16_384
"""Connections that wait to be accepted; the kernel takes no more than `net.core.somaxconn` of them."""
AT_ONCE = 16
"""Connections that asyncio accepts before anything else gets its turn, and before they are counted."""

IDLE = 30
"""Seconds of silence after which the kernel asks a client whether it is still there."""
INTERVAL = 10
"""Seconds between two such questions."""
PROBES = 3
"""Questions without an answer after which the client is gone."""
UNREAD = 30
"""Seconds that something may wait for a client, unread or unacknowledged, before it is dropped."""


def prepare(listening: asyncio.Server) -> None:
    """Tells the kernel."""
    for each in listening.sockets:
        # The loop has made it, and closes it: it is only borrowed here.
        borrowed = socket.socket(fileno=each.fileno())
        try:
            borrowed.listen(BACKLOG)
            for name, value in _options():
                number = getattr(socket, name, None)
                if number is not None:
                    with contextlib.suppress(OSError):
                        borrowed.setsockopt(socket.IPPROTO_TCP, number, value)
            borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        finally:
            borrowed.detach()


def _options() -> list[tuple[str, int]]:
    """What systems call it, where they have it."""
    idle = "TCP_KEEPALIVE" if sys.platform == "darwin" else "TCP_KEEPIDLE"
    return [
        (idle, IDLE),
        ("TCP_KEEPINTVL", INTERVAL),
        ("TCP_KEEPCNT", PROBES),
        ("TCP_USER_TIMEOUT", UNREAD * 1000),
    ]
