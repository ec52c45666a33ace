"""Desktops as a browser has them, each with its cookies, over long-polling and over WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from bench.connection import BrokenError, Connection, Reply
from bench.websocket import Socket
from tests.load.story import Story

MOUNT = "/api/v2/notifications"
CHANNEL = "/v2/me/chats"
REST_MOUNT = "/api/v2/me"


class Desktop:
    """One agent: its REST connection, its cookies and what it is told. Its Bayeux half is a subclass's."""

    transport: str

    def __init__(self, number: int, host: str, port: int) -> None:
        self.number = number
        self._host = host
        self._port = port
        self._rest: Connection | None = None
        self._ids = 0
        self._changed = asyncio.Event()
        self.client_id = ""
        self.cookies: dict[str, str] = {}
        """Its jar: what the server has set, by name."""
        self.nickname = f"agent{number}"
        self.story = Story(self.nickname)
        self.broken: list[str] = []
        """What no client can go on from."""

    async def set_up(self) -> None:
        """Handshake, first connect, subscription, and the connect that is held."""
        self._rest = await Connection.open(self._host, self._port)
        await self._shake_hands()

    async def live(self) -> None:
        """Waits for the chat, accepts it, and stays until all has come that belongs to it."""
        story = self.story
        while not story.chat:
            await self._news()
        story.accepts = True
        body = msgspec.json.encode({"operationName": "Accept", "nickname": self.nickname})
        reply = await self.ask("POST", f"{REST_MOUNT}/chats/{story.chat}", body)
        if reply.status != 200 or msgspec.json.decode(reply.body) != {"statusCode": 0}:
            raise BrokenError(f"an Accept was answered with {reply.status} {reply.body[:300]!r}")
        # Known by its cookie alone, as there is nothing else in it.
        reply = await self.ask("GET", REST_MOUNT)
        if reply.status != 200:
            raise BrokenError(f"GET {REST_MOUNT} was answered with {reply.status} {reply.body[:300]!r}")
        while not story.is_over:
            await self._news()

    async def leave(self) -> None:
        """Disconnects; whatever was still to be said to it is said before that."""
        await self._say_goodbye()
        self.close()

    def close(self) -> None:
        """Goes without a word."""
        if self._rest is not None:
            self._rest.close()

    async def ask(self, method: str, path: str, body: bytes = b"") -> Reply:
        """A REST request."""
        assert self._rest is not None
        reply = await self._rest.ask(self.request(method, path, body))
        self._keep_cookies(reply)
        return reply

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A request as it goes over the wire."""
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            "User-Agent: Mozilla/5.0 (load)",
            "Accept: */*",
            *(
                [f"Content-Type: application/json;charset=UTF-8\r\nContent-Length: {len(body)}"]
                if body
                else []
            ),
            *self._cookie_lines,
        ]
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body

    @property
    def _cookie_lines(self) -> list[str]:
        pairs = [f"{name}={value}" for name, value in self.cookies.items()]
        return [f"Cookie: {'; '.join(pairs)}"] if pairs else []

    def _keep_cookies(self, reply: Reply) -> None:
        for pair in reply.cookies:
            name, _, value = pair.partition("=")
            self.cookies[name] = value

    def message(self, channel: str, **fields: Any) -> bytes:
        """A batch of one Bayeux message."""
        self._ids += 1
        sender = {"clientId": self.client_id} if self.client_id else {}
        return msgspec.json.encode([{"id": str(self._ids), "channel": channel, **sender, **fields}])

    def hear(self, messages: list[Any]) -> list[Any]:
        """Takes the events among messages; returns the replies."""
        replies = []
        for message in messages:
            if "data" in message:
                self.story.hear(message["channel"], message["data"])
                self._changed.set()
            elif not message["successful"]:
                raise BrokenError(f"{message['channel']} failed: {message}")
            else:
                replies.append(message)
        return replies

    def break_off(self, error: BaseException) -> None:
        """Something came that no client can go on from."""
        self.broken.append(f"{type(error).__name__}: {error}"[:400])
        self._changed.set()

    async def _news(self) -> None:
        self._changed.clear()
        await self._changed.wait()
        if self.broken:
            raise BrokenError(self.broken.pop())

    async def _shake_hands(self) -> None:
        raise NotImplementedError

    async def _say_goodbye(self) -> None:
        raise NotImplementedError


class PollingDesktop(Desktop):
    """Polls on a connection of its own, and says the rest on the other: two, as a browser has them."""

    transport = "long-polling"

    def __init__(self, number: int, host: str, port: int) -> None:
        super().__init__(number, host, port)
        self._poll: Connection | None = None
        self._polling: asyncio.Future[None] | None = None
        self._leaves = False

    async def _shake_hands(self) -> None:
        shaken = await self._said("/meta/handshake", version="1.0", supportedConnectionTypes=[self.transport])
        self.client_id = shaken["clientId"]
        self._poll = await Connection.open(self._host, self._port)
        self.hear(await self._connect(advice={"timeout": 0}))
        await self._said("/meta/subscribe", subscription=CHANNEL)
        self._polling = asyncio.ensure_future(self._keep_polling())

    async def _said(self, channel: str, **fields: Any) -> Any:
        assert self._rest is not None
        request = self.request("POST", MOUNT, self.message(channel, **fields))
        return self.hear(self._read(await self._rest.ask(request)))[0]

    async def _connect(self, **fields: Any) -> list[Any]:
        assert self._poll is not None
        body = self.message("/meta/connect", connectionType=self.transport, **fields)
        return self._read(await self._poll.ask(self.request("POST", f"{MOUNT}/connect", body)))

    def _read(self, reply: Reply) -> list[Any]:
        if reply.status != 200:
            raise BrokenError(f"a batch was answered with {reply.status} {reply.body[:300]!r}")
        self._keep_cookies(reply)
        messages: list[Any] = msgspec.json.decode(reply.body)
        return messages

    async def _keep_polling(self) -> None:
        try:
            while not self._leaves:
                self.hear(await self._connect())
        except (BrokenError, msgspec.DecodeError, LookupError) as error:
            self.break_off(error)

    async def _say_goodbye(self) -> None:
        assert self._polling is not None
        self._leaves = True
        await self._said("/meta/disconnect")
        # The connect that was held is answered, with whatever was queued.
        await self._polling

    def close(self) -> None:
        """Goes without a word."""
        super().close()
        if self._polling is not None:
            self._polling.cancel()
        if self._poll is not None:
            self._poll.close()


class SocketDesktop(Desktop):
    """Says all that is Bayeux in frames."""

    transport = "websocket"

    def __init__(self, number: int, host: str, port: int) -> None:
        super().__init__(number, host, port)
        self._socket = Socket(self._heard, self._lost)
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._awaited: dict[str, asyncio.Future[Any]] = {}
        self._leaves = False

    async def _shake_hands(self) -> None:
        await self._socket.upgrade(self._host, self._port, MOUNT, self._cookie_lines)
        shaken = await self._said("/meta/handshake", version="1.0", supportedConnectionTypes=[self.transport])
        self.client_id = shaken["clientId"]
        await self._said("/meta/connect", connectionType=self.transport, advice={"timeout": 0})
        await self._said("/meta/subscribe", subscription=CHANNEL)
        self._connect()

    def _connect(self) -> None:
        self._socket.send(self.message("/meta/connect", connectionType=self.transport))

    def _lost(self, why: str) -> None:
        if not self._ended.done():
            self._ended.set_result(why)

    async def _said(self, channel: str, **fields: Any) -> Any:
        answered = self._awaited[channel] = asyncio.get_running_loop().create_future()
        self._socket.send(self.message(channel, **fields))
        await asyncio.wait({answered, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            raise BrokenError(self._ended.result())
        return answered.result()

    def _heard(self, body: bytes) -> None:
        try:
            for reply in self.hear(msgspec.json.decode(body)):
                self._answered(reply)
        except (BrokenError, msgspec.DecodeError, LookupError) as error:
            self.break_off(error)

    def _answered(self, reply: Any) -> None:
        answered = self._awaited.pop(reply["channel"], None)
        if answered is not None:
            answered.set_result(reply)
        elif reply["channel"] == "/meta/connect" and not self._leaves:
            self._connect()

    async def _say_goodbye(self) -> None:
        self._leaves = True
        await self._said("/meta/disconnect")

    def close(self) -> None:
        """Goes without a word."""
        super().close()
        self._socket.close()


DESKTOPS: dict[str, type[Desktop]] = {each.transport: each for each in (PollingDesktop, SocketDesktop)}
