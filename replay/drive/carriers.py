"""How the built-in client's batches travel: over HTTP, or in frames of one WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import aiohttp
import msgspec

from replay.bayeux.channels import CONNECT, DISCONNECT, HANDSHAKE
from replay.bayeux.client import Batch
from replay.bayeux.messages import MAX_REPLIES, MalformedError, Message, parse
from replay.drive.answer import LARGEST, Answer
from replay.drive.http import Http, in_words

SUFFIXES = {HANDSHAKE: "/handshake", CONNECT: "/connect", DISCONNECT: "/disconnect"}
"""What cometd.js appends to the CometD path; everything else goes to `/`."""

TOO_LARGE = 1009
"""With what our side closes a WebSocket on which too much comes."""


class Trouble(msgspec.Struct, frozen=True):
    """Why a batch has no reply."""

    why: str
    lost: bool = False
    """Whether the server is out of reach, rather than amiss."""
    late: bool = False
    """Whether it took too long."""
    answer: Answer | None = None
    """What it answered instead, if it did."""
    unreadable: bool = False
    """Whether it said something, which is no Bayeux."""


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

    def __init__(self, http: Http, url: str, received: Replies, failed: Failure) -> None:
        self._http = http
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
        body = msgspec.json.encode(batch.messages)
        kind = "application/json;charset=UTF-8"
        try:
            answer = await self._http.ask("POST", url, body, within=batch.timeout, kind=kind)
        except TimeoutError:
            why = f"{channel} was not answered within {batch.timeout:g} s"
            self._failed(batch.number, Trouble(why, late=True))
            return
        except aiohttp.ClientError as error:
            lost = isinstance(error, aiohttp.ClientConnectorError)
            self._failed(batch.number, Trouble(in_words(error), lost=lost))
            return
        if answer.status != 200:
            self._failed(batch.number, Trouble(f"HTTP {answer.status}", answer=answer))
            return
        try:
            messages = parse(answer.body, most=MAX_REPLIES)
        except MalformedError as error:
            self._failed(batch.number, Trouble(str(error), answer=answer, unreadable=True))
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
        code = self._socket.close_code
        why = (
            f"a message of more than {LARGEST >> 20} MB came"
            if code == TOO_LARGE
            else f"the socket was closed with {code}"
        )
        self._failed(0, Trouble(why, lost=True))

    def _take(self, body: bytes) -> None:
        try:
            messages = parse(body, most=MAX_REPLIES)
        except MalformedError as error:
            self._failed(0, Trouble(str(error), unreadable=True))
            return
        self._received(0, messages)

    async def close(self) -> None:
        """Closes the socket."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
