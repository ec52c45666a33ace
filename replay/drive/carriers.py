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

SUFFIXES = {HANDSHAKE: "/handshake", CONNECT: "/connect", DISCONNECT: "/disconnect"}
"""What cometd.js appends to the CometD path; everything else goes to `/`."""


class Trouble(msgspec.Struct, frozen=True):
    """Why a batch has no reply."""

    why: str
    lost: bool = False
    """Whether the server is out of reach, rather than amiss."""


Replies = Callable[[int, list[Message]], None]
"""Takes what came, with the number of the batch whose whole reply it is, or 0."""

Failure = Callable[[int, Trouble], None]


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
        self._url = url.rstrip("/")
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
                    self._failed(batch.number, Trouble(f"HTTP {response.status}"))
                    return
                messages = parse(answer)
        except aiohttp.ClientConnectorError as error:
            self._failed(batch.number, Trouble(str(error), lost=True))
            return
        except TimeoutError:
            self._failed(batch.number, Trouble(f"{channel} was not answered within {batch.timeout:g} s"))
            return
        except (aiohttp.ClientError, MalformedError) as error:
            self._failed(batch.number, Trouble(str(error) or type(error).__name__))
            return
        self._received(batch.number, messages)

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

    def send(self, batch: Batch) -> None:
        """Puts it in line."""
        self._unsent.put_nowait(batch)

    async def _write(self) -> None:
        while True:
            batch = await self._unsent.get()
            try:
                await self._socket.send_str(msgspec.json.encode(batch.messages).decode())
            except aiohttp.ClientError as error:
                self._failed(batch.number, Trouble(f"the socket was closed: {error}", lost=True))

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                self._take(frame.data.encode())
        self._failed(0, Trouble(f"the socket was closed with {self._socket.close_code}", lost=True))

    def _take(self, body: bytes) -> None:
        try:
            messages = parse(body)
        except MalformedError as error:
            self._failed(0, Trouble(str(error)))
            return
        self._received(0, messages)

    async def close(self) -> None:
        """Closes the socket."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
