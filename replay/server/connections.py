"""Connections that end, or go on, as no good server would have it: reset, cut off, deaf, refused."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from typing import cast

from aiohttp import web

_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""Wait no time for what is unsent: then the end of a connection is a reset."""

_UNREAD = 64
"""Reads of what a client goes on sending, before it is given up."""


def sever(request: web.BaseRequest, *, with_reset: bool) -> None:
    """Ends the connection that a request came on, without a word; harmless when it has ended.

    Args:
        with_reset: With RST; else with FIN, behind what was written before.
    """
    cut(request.transport, with_reset=with_reset)
    # Requests that wait behind this one on the connection are not even looked at.
    request.protocol.force_close()


def cut(transport: asyncio.Transport | None, *, with_reset: bool) -> None:
    """Ends a connection as `sever` does; harmless when it has ended."""
    if with_reset:
        reset(transport)
    elif transport is not None:
        _forget_unread(transport)
        transport.close()


def reset(transport: asyncio.Transport | None) -> None:
    """Ends a connection with RST; harmless when it has ended."""
    if transport is None or transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    transport.abort()


def deafen(request: web.BaseRequest) -> None:
    """Takes a connection from its protocol, which hears only of its end; harmless when it has ended."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return
    transport.set_protocol(_Deaf(request.protocol))
    # The end of a connection is seen only where it is read from.
    transport.resume_reading()


def _forget_unread(transport: asyncio.Transport | None) -> None:
    """Reads what waits in the kernel: if anything did at the end, the client would see a reset.

    With TLS the end is agreed upon, and everything before it is read.
    """
    if transport is None or transport.is_closing() or transport.get_extra_info("sslcontext") is not None:
        return
    if os.name == "nt":
        # A socket is no file there.
        return
    number = transport.get_extra_info("socket").fileno()
    with contextlib.suppress(BlockingIOError, ConnectionError):
        for _ in range(_UNREAD):
            if not os.read(number, 1 << 16):
                break


class Refusal(asyncio.Protocol):
    """Resets its connection at once; with TLS, once hands are shaken."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Resets it."""
        reset(cast("asyncio.Transport", transport))


class _Deaf(asyncio.Protocol):
    """Throws away what comes, and tells another protocol of the rest."""

    def __init__(self, hearing: asyncio.Protocol) -> None:
        self._hearing = hearing

    def data_received(self, data: bytes) -> None:
        pass

    def pause_writing(self) -> None:
        self._hearing.pause_writing()

    def resume_writing(self) -> None:
        self._hearing.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._hearing.connection_lost(exc)
