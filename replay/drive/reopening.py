"""A WebSocket that is opened when there is something to send, and again when it has been lost."""

from __future__ import annotations

import asyncio

import aiohttp

from replay.bayeux.client import Batch
from replay.drive.carriers import Failure, Replies, Socket, Trouble
from replay.drive.http import Http, in_words

OPENING = 10.0
"""Seconds a server gets to open one."""


class Reopening:
    """Batches travel in frames of whatever WebSocket there is."""

    def __init__(self, http: Http, url: str, received: Replies, failed: Failure) -> None:
        """Opens nothing yet.

        Args:
            failed: Is told of a WebSocket that was lost, or not opened, with batch number 0.
        """
        self._http = http
        self._url = url
        self._received = received
        self._failed = failed
        self._socket: Socket | None = None
        self._unsent: list[Batch] = []
        self._opening: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def send(self, batch: Batch) -> None:
        """Sends it, or opens a WebSocket to send it."""
        if self._socket is not None:
            self._socket.send(batch)
            return
        self._unsent.append(batch)
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(OPENING):
                opened = await self._http.socket(self._url)
        except TimeoutError:
            self._gone(Trouble(f"the WebSocket was not opened within {OPENING:g} s", late=True))
            return
        except aiohttp.ClientError as error:
            lost = isinstance(error, aiohttp.ClientConnectorError)
            self._gone(Trouble(in_words(error), lost=lost))
            return
        self._opening = None
        self._socket = Socket(opened, self._received, self._broken)
        unsent, self._unsent = self._unsent, []
        for batch in unsent:
            self._socket.send(batch)

    def _broken(self, number: int, trouble: Trouble) -> None:
        if not trouble.lost:
            self._failed(number, trouble)
            return
        if self._socket is not None:
            # It may be the socket's own task that tells; it cannot wait for itself.
            task = asyncio.get_running_loop().create_task(self._socket.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            # It was there, and is lost; of what was never there only `lost` says so.
            self._gone(Trouble(trouble.why))

    def _gone(self, trouble: Trouble) -> None:
        self._socket = self._opening = None
        self._unsent.clear()
        self._failed(0, trouble)

    async def close(self) -> None:
        """Closes what is open."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        await asyncio.gather(*self._closing, return_exceptions=True)
