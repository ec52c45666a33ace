"""As little of WebSocket (RFC 6455) as a load client needs: whole text frames, no extension offered."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

from bench.connection import BrokenError

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
"""First bytes of frames that are whole."""


class Socket(asyncio.Protocol):
    """One socket: `hear` gets the payload of each text frame, `lost` is told when nothing comes any more."""

    def __init__(self, hear: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        self._hear = hear
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._got = b""

    async def upgrade(self, host: str, port: int, path: str, headers: list[str]) -> None:
        """Connects and shakes hands."""
        await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        assert self._transport is not None
        key = base64.b64encode(os.urandom(16)).decode()
        head = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            *headers,
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        self._transport.write(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = await self._opened
        if not answer.startswith(b"HTTP/1.1 101"):
            raise BrokenError(f"an upgrade was answered with {answer[:200]!r}")

    def send(self, text: bytes) -> None:
        """Sends a text frame."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(TEXT, text))

    def close(self) -> None:
        """Ends it without a word; nothing more is heard."""
        self._lost = lambda _: None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        if not self._opened.done():
            self._opened.set_exception(BrokenError(f"the server closed a connection: {error}"))
        self._lost(f"the server closed a socket: {error}" if error else "the server closed a socket")

    def data_received(self, data: bytes) -> None:
        """Frames, or parts of them."""
        if self._got:
            data = self._got + data
        if not self._opened.done():
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._got = head
                return
            self._opened.set_result(head)
        self._got = data[self._take(data) :]

    def _take(self, data: bytes) -> int:
        """Bytes of the frames that were whole."""
        at, size = 0, len(data)
        while size - at >= 2:
            first, length, begins = data[at], data[at + 1], at + 2
            if length == 126:
                length, begins = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, begins = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            elif length > 127:
                self._lost("the server masked a frame")
                return size
            if size < begins + length:
                break
            at = begins + length
            self._frame(first, data[begins:at])
        return at

    def _frame(self, first: int, payload: bytes) -> None:
        if first == TEXT:
            self._hear(payload)
        elif first == PING:
            assert self._transport is not None
            self._transport.write(frame(PONG, payload))
        elif first == CLOSE:
            self._lost(f"the server closed a socket with {payload!r}")
        elif first != PONG:
            self._lost(f"the server sent a frame that begins with {first:#x}")


def frame(first: int, payload: bytes) -> bytes:
    """A frame of a client: masked."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    mask = os.urandom(4)
    pad = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return bytes([first]) + length + mask + masked.to_bytes(size, "big")
