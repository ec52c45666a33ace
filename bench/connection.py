"""As little of HTTP/1.1 as a load client needs: it must cost far less than the servers it drives."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, cast


class Reply(NamedTuple):
    """An answer."""

    status: int
    head: bytes
    body: bytes

    @property
    def cookies(self) -> list[str]:
        """Name and value of each cookie it sets."""
        lines = self.head.decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in lines)
        return [value.partition(";")[0].strip() for name, _, value in named if name.lower() == "set-cookie"]


class BrokenError(Exception):
    """A server that said what no client could understand, or nothing at all."""


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[Reply] | None = None
        self._head = b""
        self._body = b""
        self._missing = 0

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """A connection that stands."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    def ask(self, request: bytes) -> asyncio.Future[Reply]:
        """Sends a request; the future is its answer."""
        assert self._waiting is None, "one request at a time"
        self._waiting = self._loop.create_future()
        if self._transport is None or self._transport.is_closing():
            self._waiting.set_exception(BrokenError("the server closed a connection"))
        else:
            self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        """Ends it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some of an answer has come."""
        self._body += data
        if not self._head:
            head, found, rest = self._body.partition(b"\r\n\r\n")
            if not found:
                return
            self._head, self._body = head, rest
            self._missing = _length(head)
        if len(self._body) >= self._missing:
            reply = Reply(int(self._head[9:12]), self._head, self._body)
            self._head = self._body = b""
            waiting, self._waiting = self._waiting, None
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(BrokenError(f"the server closed a connection: {error}"))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        raise BrokenError(f"an answer without Content-Length: {head!r}")
    return int(rest.partition(b"\r\n")[0])
