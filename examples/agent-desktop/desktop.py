"""An agent's chat desktop on Genesys Web Services: REST for what the agent does, CometD for what happens."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import aiohttp

AGES = ("Invited", "Chatting", "LeftChat", "Completed", "Revoked")
"""States of a chat. It never goes back: an event that says so is an old one that came late."""
SAFE_TWICE = {None, "StartContactCenterSession", "Ready", "Accept"}
"""What may be asked again although the first may have been done; a message would be said twice."""


class RefusedError(Exception):
    """The server will not do it; says why."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(f"{answer['statusMessage'] if isinstance(answer, dict) else answer} ({status})")
        self.status = status
        self.is_logged_out = isinstance(answer, dict) and answer.get("statusCode") == 20


@dataclass
class Chat:
    """A chat as the agent sees it."""

    id: str
    state: str = "Invited"
    can: list[str] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    log: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The messages by their index: one that comes twice, or late, is still at its place."""
    asked_for: int = 0
    """Up to which index missing messages were asked for: once, since some servers leave gaps."""

    @property
    def lines(self) -> list[str]:
        """What was said, in order."""
        texts = (self.log[index] for index in sorted(self.log) if self.log[index]["type"] == "Text")
        return [f"{text['from']['nickname']}: {text['text']}" for text in texts]

    @property
    def is_typing(self) -> bool:
        """Whether the customer is: it is the last thing that they did."""
        done = [each["type"] for _, each in sorted(self.log.items()) if each["from"]["type"] == "Customer"]
        return bool(done) and done[-1] == "TypingStarted"

    @property
    def gap(self) -> int:
        """The first message that is missing, 0 if none is."""
        last = max(self.log, default=0)
        return next((index for index in range(self.asked_for + 1, last) if index not in self.log), 0)


class Desktop:
    """Logs in, listens, and keeps `chats` as the server has them, until `async with` ends."""

    def __init__(
        self, url: str, user: str, *, timeout: float = 5, pause: float = 1, attempts: int = 3
    ) -> None:
        """Is not logged in yet; waits `timeout` seconds for an answer, and `pause` before it tries again."""
        self.chats: dict[str, Chat] = {}
        self.is_online = False
        self.trouble = ""
        self.timeout, self.pause, self.attempts = timeout, pause, attempts
        self._api = f"{url}/api/v2"
        self._authorization = f"Basic {b64encode(f'{user}:secret'.encode()).decode()}"
        self._ids = count(1)
        self._client = ""
        self._held = 60.0
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        # A jar takes no cookies from addresses such as 127.0.0.1 unless told to.
        self._http = aiohttp.ClientSession(
            headers={"Authorization": self._authorization}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        self._listening: asyncio.Task[None] | None = None
        try:
            await self._log_in()
            self._listening = asyncio.create_task(self._listen())
            await self.until(lambda: self.is_online or self.trouble)
            if self.trouble:
                raise RefusedError(403, self.trouble)
            await self._ask("POST", "/me", {"operationName": "Ready"})
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            with suppress(aiohttp.ClientError, TimeoutError, ValueError):
                await self._say("disconnect")
        await self._http.close()

    async def until(self, is_so: Callable[[], object]) -> None:
        """Returns when this is so; asks after every change."""
        while not is_so():
            await self._changed.wait()

    async def accept(self, chat: str, nickname: str) -> None:
        """Takes a chat that is offered; the customer sees the nickname."""
        await self.operate(chat, "Accept", nickname=nickname)

    async def send(self, chat: str, text: str) -> None:
        """Says something; it is shown when the server tells it."""
        await self.operate(chat, "SendMessage", text=text)

    async def operate(self, chat: str, operation: str, **fields: str) -> None:
        """Reject, Complete, Transfer, SendStartTypingNotification and the like.

        Raises:
            RefusedError: the server will not.
            TimeoutError, aiohttp.ClientError: nobody knows whether it has.
        """
        await self._ask("POST", f"/me/chats/{chat}", {"operationName": operation, **fields})

    # REST

    async def _log_in(self) -> None:
        self._http.cookie_jar.clear()
        await self._patiently("GET", "/me")
        login = {"operationName": "StartContactCenterSession", "channels": ["chat"]}
        await self._patiently("POST", "/me", login)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Asks, and once more after another login if the last one has expired."""
        try:
            return await self._patiently(method, path, body)
        except RefusedError as refused:
            if not refused.is_logged_out:
                raise
        await self._log_in()
        return await self._patiently(method, path, body)

    async def _patiently(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Asks until there is an answer, as often as that is safe and makes sense."""
        for attempt in count(1):
            try:
                return await self._once(method, path, body)
            except RefusedError as refused:
                if attempt == self.attempts or refused.status != 503:
                    raise
            except (aiohttp.ClientError, TimeoutError):
                if attempt == self.attempts or (body or {}).get("operationName") not in SAFE_TWICE:
                    raise
            await asyncio.sleep(self.pause)
        raise AssertionError

    async def _once(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        url = self._api + path
        async with asyncio.timeout(self.timeout), self._http.request(method, url, json=body) as got:
            answer = await (got.json() if got.content_type == "application/json" else got.text())
        if got.status != 200 or answer["statusCode"] != 0:
            raise RefusedError(got.status, answer)
        return answer

    # CometD

    async def _listen(self) -> None:
        advice = "handshake"
        while advice != "none":
            try:
                advice = await (self._shake_hands() if advice == "handshake" else self._poll())
                self.is_online = advice == "retry"
            except (aiohttp.ClientError, TimeoutError, ValueError, RefusedError):
                self.is_online = False
                await asyncio.sleep(self.pause)
            self._tell()
        self.trouble = "The server does not want us back."
        self._tell()

    async def _shake_hands(self) -> str:
        shaken = await self._say("handshake", version="1.0", supportedConnectionTypes=["long-polling"])
        if shaken["successful"]:
            self._client = shaken["clientId"]
            shaken = await self._say("subscribe", subscription="/v2/me/chats")
        if shaken["successful"]:
            await self._recover()
        return self._advice(shaken)

    async def _poll(self) -> str:
        connected = await self._say("connect", connectionType="long-polling")
        await asyncio.sleep(connected.get("advice", {}).get("interval", 0) / 1000)
        for chat in list(self.chats.values()):
            if chat.gap:
                await self._read(chat)
        return self._advice(connected)

    def _advice(self, reply: dict[str, Any]) -> str:
        return reply.get("advice", {}).get("reconnect", "retry" if reply["successful"] else "handshake")

    async def _say(self, what: str, **fields: Any) -> Any:
        """One message of the protocol; returns its reply, and takes the events that come with it."""
        message = {"id": f"{next(self._ids)}", "channel": f"/meta/{what}", "clientId": self._client, **fields}
        patience = self.timeout + (self._held if what == "connect" else 0)
        url = f"{self._api}/notifications"
        async with asyncio.timeout(patience), self._http.post(url, json=[message]) as answer:
            answer.raise_for_status()
            told = await answer.json()
        reply: dict[str, Any] = {}
        for each in told:
            if each["channel"] == message["channel"] and each.get("id") == message["id"]:
                reply = each
            elif each["channel"] == "/v2/me/chats":
                self._hear(each["data"])
        if not reply:
            raise ValueError(told)
        self._held = reply.get("advice", {}).get("timeout", self._held * 1000) / 1000
        return reply

    async def _recover(self) -> None:
        """What happened while nobody listened is not told again: it has to be asked for."""
        for known in (await self._ask("GET", "/me/chats?fields=*"))["chats"]:
            await self._read(self._update(known, participants=True))

    async def _read(self, chat: Chat) -> None:
        chat.asked_for = max(chat.log, default=0)
        self._log(chat, (await self._ask("GET", f"/me/chats/{chat.id}/messages"))["messages"])

    # What the server tells

    def _hear(self, data: dict[str, Any]) -> None:
        if data["messageType"] == "ChatStateChangeMessage":
            self._update(data["chat"], participants=data["notificationType"] == "ParticipantsUpdated")
        elif data["messageType"] == "MessageLogUpdated":
            # The only event that says by its URI alone which chat it is about.
            chat = data["chatUri"].rpartition("/")[2]
            self._log(self.chats.setdefault(chat, Chat(chat, "Chatting")), data["messages"])

    def _update(self, told: dict[str, Any], *, participants: bool) -> Chat:
        chat = self.chats.setdefault(told["id"], Chat(told["id"]))
        if AGES.index(told["state"]) >= AGES.index(chat.state):
            chat.state, chat.can = told["state"], told.get("capabilities", [])
        if participants:
            chat.participants = [each["nickname"] for each in told["participants"]]
        self._tell()
        return chat

    def _log(self, chat: Chat, messages: list[dict[str, Any]]) -> None:
        chat.log.update((each["index"], each) for each in messages)
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
