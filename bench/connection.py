"""As little of HTTP/1.1 as a load client needs: it must cost far less than the servers it drives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

LENGTH = b"\r\nContent-Length:"


class Reply(NamedTuple):
    """An answer."""

    status: int
    """0 when the connection ended instead; the body says why."""
    head: bytes
    body: bytes

    @property
    def cookies(self) -> list[str]:
        """Name and value of each cookie it sets."""
        lines = self.head.decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in lines)
        return [value.partition(";")[0].strip() for name, _, value in named if name.lower() == "set-cookie"]


Hear = Callable[[Reply], None]


class BrokenError(Exception):
    """A server that said what no client could understand, or nothing at all."""


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._hear: Hear | None = None
        self._got = b""

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """A connection that stands."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    def say(self, request: bytes, hear: Hear) -> None:
        """Sends a request; the answer is heard, whatever it is. No future, no task: the load's hot path."""
        assert self._hear is None, "one request at a time"
        self._hear = hear
        if self._transport is None or self._transport.is_closing():
            self._end(None)
        else:
            self._transport.write(request)

    def ask(self, request: bytes) -> asyncio.Future[Reply]:
        """Sends a request; the future is its answer."""
        waiting: asyncio.Future[Reply] = self._loop.create_future()

        def hear(reply: Reply) -> None:
            if waiting.done():
                return
            if reply.status:
                waiting.set_result(reply)
            else:
                waiting.set_exception(BrokenError(reply.body.decode()))

        self.say(request, hear)
        return waiting

    def close(self) -> None:
        """Ends it; nothing more is heard."""
        self._hear = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some of an answer has come."""
        if self._got:
            data = self._got + data
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            length = _length(data, end)
            if length is None:
                self._end(f"an answer without Content-Length: {data[:end]!r}")
                return
            if len(data) >= end + 4 + length:
                self._got = b""
                hear, self._hear = self._hear, None
                if hear is not None:
                    hear(Reply(int(data[9:12]), data[:end], data[end + 4 : end + 4 + length]))
                return
        self._got = data

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._end(error)

    def _end(self, why: object) -> None:
        hear, self._hear = self._hear, None
        if hear is not None:
            said = "the server closed a connection" + (f": {why}" if why else "")
            hear(Reply(0, b"", said.encode()))


def _length(data: bytes, end: int) -> int | None:
    at = data.find(LENGTH, 0, end)
    if at < 0:
        at = data[:end].lower().find(LENGTH.lower())
    if at < 0:
        return None
    at += len(LENGTH)
    line = data.find(b"\r\n", at, end)
    return int(data[at : line if line >= 0 else end])
