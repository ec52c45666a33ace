"""A client that sees bytes, and how its connection ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from types import TracebackType
from typing import Any

from .running import Running, until

UPGRADE = (
    b"GET /cometd HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HANDSHAKE = b'[{"channel":"/meta/handshake"}]'


class Dialled:
    """One connection to a server of a test."""

    def __init__(self, running: Running, secure: ssl.SSLContext | None = None, limit: int = 1 << 16) -> None:
        self._running = running
        self._secure = secure
        self._limit = limit

    async def __aenter__(self) -> Dialled:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._running.port, ssl=self._secure, limit=self._limit
        )
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._writer.transport.abort()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    @property
    def is_established(self) -> bool:
        """Whether TCP says so."""
        told = self._writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return bool(told == b"\x01")

    @property
    def has_sent(self) -> bool:
        """Whether all that was written has left."""
        return self._writer.transport.get_write_buffer_size() == 0

    def write(self, data: bytes) -> None:
        """Sends bytes."""
        self._writer.write(data)

    def ask(self, path: str, method: str = "GET", headers: str = "") -> None:
        """Sends a request."""
        self.write(f"{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n".encode())

    async def held(self, path: str = "/slow", method: str = "GET", headers: str = "") -> int:
        """Sends a request whose answer is not due; returns the number of its exchange."""
        exchanges = self._running.server.stage._exchanges
        before = set(exchanges)
        self.ask(path, method, headers)
        await until(lambda: set(exchanges) - before)
        return max(exchanges)

    async def upgraded(self) -> int:
        """Makes it a WebSocket that has shaken hands; returns its number."""
        self.write(UPGRADE)
        assert (await self.head()).startswith("HTTP/1.1 101 ")
        self.write(masked(0x81, HANDSHAKE))
        assert b'"successful":true' in await self.frame()
        return max(self._running.server.stage._sockets)

    async def head(self) -> str:
        """The head of an answer."""
        return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def body(self, size: int) -> bytes:
        """So many bytes."""
        return await self._reader.readexactly(size)

    async def frame(self) -> bytes:
        """The payload of a text frame of less than 64 KB."""
        opcode, length = await self.body(2)
        assert opcode == 0x81
        return await self.body(length if length < 126 else int.from_bytes(await self.body(2)))

    async def ending(self) -> tuple[bytes, str]:
        """All that still comes, and how it ends: with FIN or with RST."""
        received = b""
        try:
            while chunk := await self._reader.read(1 << 16):
                received += chunk
        except ConnectionResetError:
            return received, "RST"
        return received, "FIN"

    async def silent(self) -> bool:
        """Whether nothing comes although the server has had its turn: it has answered somebody else."""
        async with Other(self._running, self._secure) as other:
            await other.answered()
        return not self._reader._buffer and not self._reader.at_eof()


class Other(Dialled):
    """Somebody else, who is served as ever."""

    async def answered(self) -> str:
        self.ask("/where")
        head = await self.head()
        assert head.startswith("HTTP/1.1 200 ")
        return head


def masked(opcode: int, payload: bytes) -> bytes:
    """A frame as a client sends it, under a mask of zeros."""
    return bytes([opcode, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def left(running: Running) -> Any:
    """What the server keeps for connections: nothing, once all have gone."""
    stage = running.server.stage
    (runner, *_) = running.server._runners
    return [
        stage._exchanges,
        stage._begun,
        stage._sockets,
        stage._deaf,
        [effect for _, _, effect in stage._due if type(effect).__name__ == "Piece"],
        [*runner.server.connections, *_fronts(runner.server)] if runner.server else [],
    ]


def _fronts(server: Any) -> list[Any]:
    """Connections that are not aiohttp's."""
    fronts = getattr(server, "fronts", None)
    return list(fronts.open) if fronts is not None else []
