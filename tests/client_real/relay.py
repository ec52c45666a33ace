"""A relay between a polling client and a server: it can lose an answer on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

Loses = Callable[[bytes], bool]
"""Whether this whole HTTP answer never arrives."""

_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


class Relay:
    """Passes on what clients say; of what the server says, all but what is to be lost."""

    def __init__(self, upstream: str, loses: Loses) -> None:
        self._upstream = upstream
        self._loses = loses
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""
        self.lost: list[bytes] = []
        """The answers that the client did not get."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, and one of its own to the server."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._clients.add(writer)
        server = urlsplit(self._upstream)
        from_server, to_server = await asyncio.open_connection(server.hostname, server.port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, to_server))
                both.create_task(self._answers(from_server, writer))
        except* (ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            to_server.close()
            writer.close()
            self._clients.discard(writer)
            self._tasks.discard(task)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            answer = head + await reader.readexactly(int(length[1]) if length else 0)
            if self._loses(answer):
                self.lost.append(answer)
                # A reset: the client cannot take it for an answer.
                writer.transport.abort()
                raise ConnectionResetError
            writer.write(answer)
            await writer.drain()

    def move(self, upstream: str) -> None:
        """Breaks every connection off; new ones go to another server, as after a restart."""
        self._upstream = upstream
        for writer in self._clients:
            writer.transport.abort()

    async def close(self) -> None:
        """Ends every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def relay(upstream: str, loses: Loses) -> AsyncIterator[Relay]:
    """A relay on a free port."""
    between = Relay(upstream, loses)
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    between.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield between
    finally:
        server.close()
        await between.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError
