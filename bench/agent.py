"""One agent's desktop under load: two connections as a browser has them, and an eye for what is wrong."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import msgspec

from bench.connection import BrokenError, Connection, Reply
from replay.clock import SystemClock

MOUNT = "/api/v2/notifications"
CHANNEL = "/v2/me/chats"
KINDS = ("StatusChange", "ParticipantsUpdated", "NewMessages")
"""What follows an Accept, in this order."""

_now = SystemClock().now


class Agent:
    """A session, its held poll, and the chats it accepts."""

    def __init__(self, number: int, host: str, port: int) -> None:
        self._number = number
        self._host = host
        self._port = port
        self._poll: Connection | None = None
        self._rest: Connection | None = None
        self._client_id = ""
        self._cookies: list[str] = []
        self._ids = 0
        self._connects = b"", b""
        self._polling: asyncio.Task[None] | None = None
        self._due: deque[tuple[str, str]] = deque()
        self._accepted_at = 0.0
        self._came: asyncio.Future[None] | None = None
        self.latencies: list[float] = []
        """Seconds from an Accept to each of its events."""
        self.polls = 0
        self.wrong: list[str] = []
        """Events that came out of order, twice, or to the wrong agent."""

    async def set_up(self) -> None:
        """Handshake, first connect, subscription, and the poll that is held."""
        self._rest = rest = await Connection.open(self._host, self._port)
        types = {"supportedConnectionTypes": ["long-polling"]}
        shaken = await self._say(rest, "/meta/handshake", "/handshake", version="1.0", **types)
        self._client_id = shaken["clientId"]
        self._poll = poll = await Connection.open(self._host, self._port)
        self._connects = self._split_connect()
        advised = {"connectionType": "long-polling", "advice": {"timeout": 0}}
        await self._say(poll, "/meta/connect", "/connect", **advised)
        await self._say(rest, "/meta/subscribe", "/", subscription=CHANNEL)
        self._polling = asyncio.ensure_future(self._keep_polling(poll))

    async def accept(self, ordinal: int) -> None:
        """Accepts a chat; returns when its answer and all of its events have come."""
        chat, nickname = f"0000C{self._number:05}X{ordinal:05}", f"agent{self._number}"
        self._due.extend((chat, kind) for kind in KINDS)
        self._came = came = asyncio.get_running_loop().create_future()
        body = msgspec.json.encode({"operationName": "Accept", "nickname": nickname})
        assert self._rest is not None
        assert self._polling is not None
        self._accepted_at = _now()
        reply = await self._rest.ask(self._request(f"/api/v2/me/chats/{chat}", body))
        if reply.status != 200 or msgspec.json.decode(reply.body) != {"statusCode": 0}:
            raise BrokenError(f"an Accept was answered with {reply.status} {reply.body!r}")
        await asyncio.wait({came, self._polling}, return_when=asyncio.FIRST_COMPLETED)
        if self._polling.done():
            self._polling.result()

    async def leave(self) -> None:
        """Goes without a word; what went wrong with its polls is found now at the latest."""
        if self._polling is not None:
            self._polling.cancel()
            outcome = (await asyncio.gather(self._polling, return_exceptions=True))[0]
            if isinstance(outcome, Exception):
                self.wrong.append(str(outcome))
        for connection in (self._poll, self._rest):
            if connection is not None:
                connection.close()

    async def _keep_polling(self, poll: Connection) -> None:
        """Like every client: the next connect goes out as soon as one is answered."""
        reply = self._ask_again(poll)
        while True:
            messages = _messages(await reply)
            reply = self._ask_again(poll)
            self._take(messages)

    def _ask_again(self, poll: Connection) -> asyncio.Future[Reply]:
        self.polls += 1
        self._ids += 1
        before, after = self._connects
        # The id has always as many digits, so that the length in the head holds.
        return poll.ask(before + str(100_000_000 + self._ids).encode() + after)

    def _take(self, messages: list[Any]) -> None:
        """Events, each held against what is due next; the rest are replies."""
        at = _now()
        for message in messages:
            if message["channel"] != CHANNEL:
                if not message["successful"]:
                    raise BrokenError(f"a connect failed: {message}")
                continue
            data = message["data"]
            due = self._due.popleft() if self._due else None
            got = data["chat"]["id"], data["notificationType"]
            if got != due:
                self.wrong.append(f"agent {self._number} got {got} when {due} was due")
            self.latencies.append(at - self._accepted_at)
        if not self._due and self._came is not None and not self._came.done():
            self._came.set_result(None)

    async def _say(self, connection: Connection, channel: str, path: str, **fields: Any) -> Any:
        self._ids += 1
        message = {"id": str(self._ids), "channel": channel, **fields}
        if self._client_id:
            message["clientId"] = self._client_id
        reply = await connection.ask(self._request(MOUNT + path, msgspec.json.encode([message])))
        answered = next(each for each in _messages(reply) if each["channel"] == channel)
        if not answered["successful"]:
            raise BrokenError(f"{channel} failed: {answered}")
        self._cookies += reply.cookies
        return answered

    def _split_connect(self) -> tuple[bytes, bytes]:
        """The request of a held poll around its id: it is the same each time but for that."""
        marker = "#" * 9
        fields = {"channel": "/meta/connect", "connectionType": "long-polling", "clientId": self._client_id}
        request = self._request(MOUNT + "/connect", msgspec.json.encode([{"id": marker, **fields}]))
        before, _, after = request.partition(marker.encode())
        return before, after

    def _request(self, path: str, body: bytes) -> bytes:
        head = [
            f"POST {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            "User-Agent: Mozilla/5.0 (bench)",
            "Accept: */*",
            "Content-Type: application/json;charset=UTF-8",
            f"Content-Length: {len(body)}",
        ]
        if self._client_id:
            head.append(f"X-Client: {self._client_id}")
        if self._cookies:
            head.append("Cookie: " + "; ".join(self._cookies))
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def _messages(reply: Reply) -> list[Any]:
    if reply.status != 200:
        raise BrokenError(f"a batch was answered with {reply.status} {reply.body!r}")
    messages: list[Any] = msgspec.json.decode(reply.body)
    return messages
