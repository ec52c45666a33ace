"""A middle man on the loopback that makes trouble between clients and a server when told to.

It relays bytes as they are, and reads no more than it needs to know a connect that waits from other requests.
Only compression is kept out of WebSockets, since it could not read that.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 30.0
"""Seconds until something that must happen is not waited for any longer."""
LINGER_NOT = struct.pack("ii", 1, 0)
COMPRESSION = re.compile(rb"(?i)(?<=\r\n)sec-websocket-extensions:[^\r]*\r\n")
UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
    b"Connection: close\r\n\r\nbusy"
)


class Line:
    """One client's connection, and the one to the server behind it."""

    def __init__(self, *streams: Any) -> None:
        self.client_reader, self.client, self.server_reader, self.server = streams
        self.is_socket = False
        self.waits = False
        """The last request is a connect that the server may hold, and it is not answered yet."""
        self.has_connected = False
        """A connect over this WebSocket was answered: the next one is held."""
        self.is_mute = False

    def close(self, *, reset: bool = False) -> None:
        """Ends both halves: with RST towards the client, or with nothing but the end of the stream."""
        if reset:
            sock = self.client.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.client.close()
        self.server.close()


class MiddleMan:
    """Listens on a port of its own, in a thread of its own; a context manager."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._changed = threading.Condition()
        self._lines: set[Line] = set()
        self._refusing = 0
        self._talk = asyncio.Event()
        self.url = ""

    def __enter__(self) -> MiddleMan:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self._talk.set()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    # The troubles

    def cut(self) -> None:
        """Resets connections on which a connect is held."""
        self._strike(lambda line: line.close(reset=True))

    def mute(self) -> None:
        """Lets no answer through any more on connections on which a connect is held."""
        self._strike(lambda line: setattr(line, "is_mute", True))

    def drop(self) -> None:
        """Ends connections on which a connect is held: WebSockets without a close frame, so with 1006."""
        self._strike(Line.close)

    def refuse(self) -> None:
        """Answers the next connect with 503."""

        async def begin() -> None:
            self._refusing = 1

        self._run(begin())
        self._wait(lambda: self._refusing == 0, "nobody connected")

    def silence(self, seconds: float) -> None:
        """Lets nothing more through from clients to the server for some seconds."""

        async def begin() -> None:
            self._talk.clear()
            self._loop.call_later(seconds, self._talk.set)

        self._run(begin())

    def _strike(self, blow: Callable[[Line], None]) -> None:
        self._wait(lambda: any(line.waits for line in self._lines), "nobody waits for news")

        async def strike() -> None:
            for line in [line for line in self._lines if line.waits]:
                blow(line)

        self._run(strike())

    # The relay

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.transport.abort()
            return
        line = Line(reader, writer, *upstream)
        up, down = (asyncio.ensure_future(half(line)) for half in (self._up, self._down))
        self._change(lambda: self._lines.add(line))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._change(lambda: self._lines.discard(line))
            line.close()
            for half in (up, down):
                half.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _up(self, line: Line) -> None:
        while not line.is_socket and (request := await _request(line.client_reader)):
            connects = b"/meta/connect" in request
            if connects and self._refusing:
                line.client.write(UNAVAILABLE)
                await line.client.drain()
                self._change(lambda: setattr(self, "_refusing", 0))
                return
            line.is_socket = b"upgrade: websocket" in request.lower()
            await self._send_up(line, COMPRESSION.sub(b"", request) if line.is_socket else request)
            holds = connects and not re.search(rb'"timeout": ?0\b', request)
            self._change(lambda holds=holds: setattr(line, "waits", holds))
        while line.is_socket and (chunk := await line.client_reader.read(1 << 16)):
            await self._send_up(line, chunk)
            if line.has_connected:
                self._change(lambda: setattr(line, "waits", True))

    async def _send_up(self, line: Line, data: bytes) -> None:
        await self._talk.wait()
        if not line.client_reader.at_eof():
            line.server.write(data)
            await line.server.drain()

    async def _down(self, line: Line) -> None:
        while chunk := await line.server_reader.read(1 << 16):
            line.has_connected |= line.is_socket and b"/meta/connect" in chunk
            self._change(lambda: setattr(line, "waits", False))
            if not line.is_mute:
                line.client.write(chunk)
                await line.client.drain()

    # Between the threads

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def _change(self, change: Callable[[], Any]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), otherwise

    async def _end(self) -> None:
        self._server.close()
        self._talk.set()
        for line in list(self._lines):
            line.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*others, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> bytes:
    """One request as it came, or nothing at the end."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", raw.lower())
        if length:
            raw += await reader.readexactly(int(length[1]))
        elif b"transfer-encoding: chunked" in raw.lower():
            size = -1
            while size:
                line = await reader.readuntil(b"\r\n")
                size = int(line, 16)
                raw += line + await reader.readexactly(size + 2)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    return raw
