"""As little of a WebSocket as a load client needs (RFC 6455): text both ways, what it sends masked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from typing import cast

from bench.connection import BrokenError

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
LAST = 0x80
"""Set in the first byte of a message's last frame, and in the second of a frame that is masked."""

Heard = Callable[[bytes], None]


class Socket(asyncio.Protocol):
    """One WebSocket; each message that comes is handed to whoever listens."""

    def __init__(self, request: bytes, accepts: str, heard: Heard) -> None:
        self._request = request
        self._accepts = accepts
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self.opened: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        """The head of the answer to the upgrade."""
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why there is no socket any more."""

    @classmethod
    async def open(cls, host: str, port: int, path: str, headers: Sequence[str], heard: Heard) -> Socket:
        """A socket that stands; headers are lines beside those of an upgrade."""
        key = base64.b64encode(os.urandom(16)).decode()
        accepts = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        head = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: http://{host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *headers,
        ]
        request = ("\r\n".join(head) + "\r\n\r\n").encode()
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: cls(request, accepts, heard), host, port)
        await socket.opened
        return socket

    def say(self, body: bytes) -> None:
        """Sends a message."""
        self._send(TEXT, body)

    def close(self) -> None:
        """Ends it without a word."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Some of what the server says has come."""
        self._data += data
        if not self.opened.done() and not self._upgraded():
            return
        while self._take():
            pass

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._end(f"the connection ended: {error}")

    def _upgraded(self) -> bool:
        head, found, rest = bytes(self._data).partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 101") or self._accepts.encode() not in head:
            self._end(f"no upgrade: {head[:200]!r}")
            return False
        self._data = bytearray(rest)
        self.opened.set_result(head)
        return True

    def _take(self) -> bool:
        """Takes one frame, if it is there as a whole."""
        data = self._data
        if len(data) < 2:
            return False
        kind, length, start = data[0], data[1], 2
        if length == 126:
            start = 4
            length = struct.unpack_from("!H", data, 2)[0] if len(data) >= start else len(data)
        elif length == 127:
            start = 10
            length = struct.unpack_from("!Q", data, 2)[0] if len(data) >= start else len(data)
        if len(data) < start + length:
            return False
        body = bytes(data[start : start + length])
        del data[: start + length]
        if kind == LAST | TEXT:
            self._heard(body)
        elif kind == LAST | PING:
            self._send(PONG, body)
        elif kind == LAST | CLOSE:
            self._end(f"the server closed: {body!r}")
        elif kind != LAST | PONG:
            self._end(f"a frame nobody should send: {kind:#x}")
        return True

    def _send(self, kind: int, body: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        size = len(body)
        if size < 126:
            head = bytes((LAST | kind, LAST | size))
        elif size < 1 << 16:
            head = struct.pack("!BBH", LAST | kind, LAST | 126, size)
        else:
            head = struct.pack("!BBQ", LAST | kind, LAST | 127, size)
        mask = os.urandom(4)
        self._transport.write(head + mask + masked(body, mask))

    def _end(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(BrokenError(why))
        if not self.ended.done():
            self.ended.set_result(why)


def masked(body: bytes, mask: bytes) -> bytes:
    """A message as a client has to send it; the same once more gives it back."""
    size = len(body)
    over = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(body) ^ int.from_bytes(over)).to_bytes(size)
