"""Visitors on real connections and in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from bench.connection import BrokenError, Connection
from bench.websocket import Socket
from replay.clock import SystemClock
from tests.load.visitor import MOUNT, Line, Reply


class WiredWorld:
    """A server somewhere, and the clock on the wall."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._clock = SystemClock()
        self._lines: set[_WiredLine] = set()
        self._control = _WiredLine(self)
        self._is_over = False

    def later(self, seconds: float, do: Callable[[], Any]) -> None:
        """Does something once this time has passed, unless all is over."""
        self._clock.call_at(self._clock.now() + seconds, lambda: None if self._is_over else do())

    def line(self) -> Line:
        """A line of its own."""
        line = _WiredLine(self)
        self._lines.add(line)
        return line

    def offer(self, user: str) -> None:
        """One more chat for somebody, if it is there."""
        body = msgspec.json.encode({"scenario": "accept-chat", "agent": user})
        self._control.ask("POST", "/__replay/plays", {}, body, lambda _: None)

    async def until(self, seconds: float) -> None:
        """Lets so much time pass."""
        passed = asyncio.Event()
        self.later(seconds, passed.set)
        await passed.wait()

    def close(self) -> None:
        """Nobody says anything any more."""
        self._is_over = True
        for line in (self._control, *self._lines):
            line.close()


class _WiredLine:
    """As many connections as are needed at once; each is used again once its answer is there."""

    def __init__(self, world: WiredWorld) -> None:
        self._world = world
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._socket: Socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        then: Callable[[Reply | None], None],
    ) -> None:
        """A request; `then` is told None when its connection broke."""
        head = [f"{method} {path} HTTP/1.1", f"Host: {self._world.host}:{self._world.port}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += [f"Content-Type: application/json\r\nContent-Length: {len(body)}"] if body else []
        self._start(self._asked(("\r\n".join(head) + "\r\n\r\n").encode() + body, then))

    async def _asked(self, request: bytes, then: Callable[[Reply | None], None]) -> None:
        try:
            connection = self._idle.pop() if self._idle else await self._connection()
            self._busy.add(connection)
            answer = await connection.ask(request)
            self._busy.discard(connection)
            self._idle.append(connection)
        except (BrokenError, OSError):
            then(None)
            return
        lines = answer.head.decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in lines)
        cookies = [value.strip() for name, _, value in named if name.lower() == "set-cookie"]
        then(Reply(answer.status, cookies, answer.body))

    async def _connection(self) -> Connection:
        return await Connection.open(self._world.host, self._world.port)

    def open(
        self, headers: dict[str, str], heard: Callable[[bytes], None], then: Callable[[bool], None]
    ) -> None:
        """A WebSocket; `then` is told whether it stands, and once more when it ends."""
        self._start(self._opened(headers, heard, then))

    async def _opened(
        self, headers: dict[str, str], heard: Callable[[bytes], None], then: Callable[[bool], None]
    ) -> None:
        host, port = self._world.host, self._world.port
        lines = [f"{name}: {value}" for name, value in headers.items()]
        ended = asyncio.Event()
        socket = Socket(heard, lambda _: ended.set())
        try:
            await socket.upgrade(host, port, MOUNT, lines)
        except (BrokenError, OSError):
            socket.close()
            then(False)
            return
        self._socket = socket
        then(True)
        await ended.wait()
        socket.close()
        then(False)

    def say(self, body: bytes) -> None:
        """A frame, if the socket stands."""
        if self._socket is not None:
            self._socket.send(body)

    def close(self) -> None:
        """All connections end without a word."""
        for task in self._tasks:
            task.cancel()
        for connection in (*self._idle, *self._busy):
            connection.close()
        self._idle.clear()
        self._busy.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _start(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
