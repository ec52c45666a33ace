"""How the built-in client's batches travel: over HTTP, or in frames of one WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import aiohttp
import msgspec

from replay.bayeux.channels import CONNECT, DISCONNECT, HANDSHAKE
from replay.bayeux.client import Batch
from replay.bayeux.messages import MalformedError, Message, parse

Replies = Callable[[list[Message]], None]
Failure = Callable[[int, str], None]

SUFFIXES = {HANDSHAKE: "/handshake", CONNECT: "/connect", DISCONNECT: "/disconnect"}
"""What cometd.js appends to the CometD path; everything else goes to `/`."""


class Carrier(Protocol):
    """A way for batches to travel."""

    def send(self, batch: Batch) -> None:
        """Sends without waiting; the outcome is reported by callback."""

    async def close(self) -> None:
        """Gives up what is under way."""


class Polls:
    """Each batch is a POST of its own."""

    def __init__(self, session: aiohttp.ClientSession, url: str, received: Replies, failed: Failure) -> None:
        self._session = session
        self._url = url
        self._received = received
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, batch: Batch) -> None:
        """Posts it."""
        task = asyncio.get_running_loop().create_task(self._post(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, batch: Batch) -> None:
        channel = str(batch.messages[0]["channel"])
        url = self._url + (SUFFIXES.get(channel, "/") if len(batch.messages) == 1 else "/")
        timeout = aiohttp.ClientTimeout(total=batch.timeout)
        body = msgspec.json.encode(batch.messages)
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=timeout) as response:
                answer = await response.read()
                if response.status != 200:
                    self._failed(batch.number, f"HTTP {response.status}")
                    return
                messages = parse(answer)
        except (aiohttp.ClientError, TimeoutError, MalformedError) as error:
            self._failed(batch.number, str(error) or type(error).__name__)
            return
        self._received(messages)

    async def close(self) -> None:
        """Ends every POST under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Socket:
    """All batches travel in frames of one WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, received: Replies, failed: Failure) -> None:
        self._socket = socket
        self._received = received
        self._failed = failed
        self._unsent: asyncio.Queue[Batch] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._write())]
        self._open: list[int] = []

    def send(self, batch: Batch) -> None:
        """Puts it in line."""
        self._unsent.put_nowait(batch)

    async def _write(self) -> None:
        while True:
            batch = await self._unsent.get()
            self._open.append(batch.number)
            await self._socket.send_str(msgspec.json.encode(batch.messages).decode())

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                self._take(frame.data.encode())
        for number in self._open:
            self._failed(number, "the socket was closed")

    def _take(self, body: bytes) -> None:
        try:
            self._received(parse(body))
        except MalformedError as error:
            self._failed(0, str(error))

    async def close(self) -> None:
        """Closes the socket."""
        await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
