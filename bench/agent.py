"""One agent's desktop under load: connections as a browser has them, and an eye for what is wrong.

Setting up may take its time and is written with `await`. What happens thousands of times a second (an Accept,
a poll that is answered, a frame) is callbacks, since the load must cost less than the servers it drives.
"""

from __future__ import annotations

import asyncio
import base64
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec

from bench.connection import BrokenError, Connection, Reply
from bench.watching import CHANNEL, KINDS, Message, Watch, decode
from bench.websocket import Socket
from replay.clock import SystemClock

MOUNT = "/api/v2/notifications"
GOOD = b'{"statusCode":0}'

_now = SystemClock().now


class Agent(ABC):
    """A session, and the chats it accepts. `came` takes the seconds from an Accept to each of its events."""

    transport: str

    def __init__(self, number: int, host: str, port: int, came: list[float]) -> None:
        self.number = number
        self.watch = Watch(f"agent {number}")
        self.polls = 0
        """Held polls that were begun."""
        self.broken: Callable[[str], None] = self.watch.wrong.append
        """Told when this agent cannot go on."""
        self._host = host
        self._port = port
        self._came = came
        self._client_id = ""
        self._cookies: list[str] = []
        self._ids = 0
        self._rest: Connection | None = None
        self._accept = b"", b""
        self._accepted_at = 0.0
        self._done: Callable[[], None] | None = None
        self._missing = 0

    @abstractmethod
    async def set_up(self) -> None:
        """Handshake, first connect, subscription, and the connect that is held."""

    def accept(self, ordinal: int, done: Callable[[], None]) -> None:
        """Accepts a chat; `done` is called when its answer and all of its events have come."""
        chat = f"0000C{self.number:05}X{ordinal:06}"
        self.watch.expect(chat)
        self._done = done
        self._missing = len(KINDS) + 1
        before, after = self._accept
        assert self._rest is not None
        self._accepted_at = _now()
        self._rest.say(before + chat.encode() + after, self._answered)

    def leave(self) -> None:
        """Goes without a word."""
        self.broken = lambda _: None
        if self._rest is not None:
            self._rest.close()

    def _answered(self, reply: Reply) -> None:
        if reply.status != 200 or (reply.body != GOOD and reply.body.replace(b" ", b"") != GOOD):
            self.broken(f"an Accept was answered with {reply.status} {reply.body!r}")
            return
        self._less(1)

    def _take(self, messages: list[Message]) -> None:
        at = _now()
        events = self.watch.take(messages)
        if events:
            self._came.extend([at - self._accepted_at] * events)
            self._less(events)

    def _less(self, came: int) -> None:
        self._missing -= came
        # Below nought something came twice, which the watch has seen.
        if self._missing <= 0 and self._done is not None:
            done, self._done = self._done, None
            done()

    async def _connect_rest(self) -> None:
        self._rest = await Connection.open(self._host, self._port)

    def _prepare_accept(self) -> None:
        body = msgspec.json.encode({"operationName": "Accept", "nickname": f"agent{self.number}"})
        before, _, after = self._request("/api/v2/me/chats/#", body).partition(b"#")
        self._accept = before, after

    def _message(self, channel: str, **fields: Any) -> bytes:
        self._ids += 1
        message = {"id": str(self._ids), "channel": channel, **fields}
        if self._client_id:
            message["clientId"] = self._client_id
        return msgspec.json.encode([message])

    def _headers(self) -> list[str]:
        user = base64.b64encode(f"agent{self.number}:secret".encode()).decode()
        headers = ["User-Agent: Mozilla/5.0 (bench)", "Accept: */*", f"Authorization: Basic {user}"]
        if self._client_id:
            headers.append(f"X-Client: {self._client_id}")
        if self._cookies:
            headers.append("Cookie: " + "; ".join(self._cookies))
        return headers

    def _request(self, path: str, body: bytes) -> bytes:
        head = [
            f"POST {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            *self._headers(),
            "Content-Type: application/json;charset=UTF-8",
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body


class PollingAgent(Agent):
    """Two connections: one for the held poll, one for all else."""

    transport = "long-polling"

    def __init__(self, number: int, host: str, port: int, came: list[float]) -> None:
        super().__init__(number, host, port, came)
        self._poll: Connection | None = None
        self._connects = b"", b""

    async def set_up(self) -> None:
        await self._connect_rest()
        types = {"version": "1.0", "supportedConnectionTypes": [self.transport]}
        shaken = await self._say(self._rest, "/handshake", "/meta/handshake", **types)
        self._client_id = shaken.clientId
        self._poll = poll = await Connection.open(self._host, self._port)
        now = {"connectionType": self.transport, "advice": {"timeout": 0}}
        await self._say(poll, "/connect", "/meta/connect", **now)
        await self._say(self._rest, "/", "/meta/subscribe", subscription=CHANNEL)
        self._prepare_accept()
        self._prepare_connect()
        self._ask_again()

    def leave(self) -> None:
        super().leave()
        if self._poll is not None:
            self._poll.close()

    def _ask_again(self) -> None:
        """Like every client: the next connect goes out as soon as one is answered."""
        self.polls += 1
        before, after = self._connects
        assert self._poll is not None
        # The id has always as many digits, so that the length in the head holds.
        self._poll.say(b"%b%d%b" % (before, 100_000_000 + self.polls, after), self._polled)

    def _polled(self, reply: Reply) -> None:
        if reply.status != 200:
            self.broken(f"a poll was answered with {reply.status} {reply.body!r}")
            return
        self._ask_again()
        self._take(decode(reply.body))

    def _prepare_connect(self) -> None:
        """The request of a held poll around its id: it is the same each time but for that."""
        marker = "#" * 9
        fields = {"channel": "/meta/connect", "connectionType": self.transport, "clientId": self._client_id}
        request = self._request(MOUNT + "/connect", msgspec.json.encode([{"id": marker, **fields}]))
        before, _, after = request.partition(marker.encode())
        self._connects = before, after

    async def _say(self, connection: Connection | None, path: str, channel: str, **fields: Any) -> Message:
        assert connection is not None
        reply = await connection.ask(self._request(MOUNT + path, self._message(channel, **fields)))
        if reply.status != 200:
            raise BrokenError(f"{channel} was answered with {reply.status} {reply.body!r}")
        self._cookies += reply.cookies
        return answer_to(channel, decode(reply.body))


class SocketAgent(Agent):
    """A WebSocket for all of Bayeux, a connection for the REST calls."""

    transport = "websocket"

    def __init__(self, number: int, host: str, port: int, came: list[float]) -> None:
        super().__init__(number, host, port, came)
        self._socket: Socket | None = None
        self._waiting: asyncio.Future[list[Message]] | None = None

    async def set_up(self) -> None:
        await self._connect_rest()
        self._socket = Socket(self._heard, self._lost)
        await self._socket.upgrade(self._host, self._port, MOUNT, self._headers())
        types = {"version": "1.0", "supportedConnectionTypes": [self.transport]}
        self._client_id = (await self._say("/meta/handshake", **types)).clientId
        await self._say("/meta/connect", connectionType=self.transport, advice={"timeout": 0})
        await self._say("/meta/subscribe", subscription=CHANNEL)
        self._prepare_accept()
        self._connect()

    def leave(self) -> None:
        super().leave()
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> None:
        self.polls += 1
        assert self._socket is not None
        self._socket.send(self._message("/meta/connect", connectionType=self.transport))

    def _heard(self, text: bytes) -> None:
        messages = decode(text)
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            waiting.set_result(messages)
            return
        self._take(messages)
        if any(message.channel == "/meta/connect" for message in messages):
            self._connect()

    def _lost(self, why: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.set_exception(BrokenError(why))
        else:
            self.broken(why)

    async def _say(self, channel: str, **fields: Any) -> Message:
        self._waiting = asyncio.get_running_loop().create_future()
        assert self._socket is not None
        self._socket.send(self._message(channel, **fields))
        return answer_to(channel, await self._waiting)


def answer_to(channel: str, messages: list[Message]) -> Message:
    """The reply among what came; raises `BrokenError` when it is none, or not a success."""
    for message in messages:
        if message.channel == channel and message.successful:
            return message
    raise BrokenError(f"{channel} failed: {messages}")
