"""Agents' desktops on a real server that plays the library, on a clock moved by hand."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from yarl import URL

from replay.cli.serve_played import played
from replay.clock import ManualClock
from replay.server.runner import Server
from replay.simulator import directing
from tests.library.coverage import scenarios
from tests.server.running import run, until

CHATS = "/api/v2/me/chats"
POLLING = 5.0
"""Seconds between two polls of a desktop, at most."""
SOON = 0.3
"""Seconds after which each answer is there."""


class Office:
    """A server, and those who work on it."""

    def __init__(self, *names: str) -> None:
        """It plays these of the library; without any, all of it, as `replay serve` does."""
        self.clock = ManualClock(1_000.0)
        played_now = [scenarios()[name] for name in names] or played([], control_apart=False)[1]
        self.server = Server(played_now, clock=self.clock)
        self._desks: list[Desk] = []

    async def __aenter__(self) -> Office:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for desk in self._desks:
            await desk.http.close()
        await self.server.__aexit__(None, None, None)

    async def comes(self, user: str = "marat") -> Desk:
        """Somebody who logs in, becomes ready and listens."""
        desk = Desk(self, user)
        self._desks.append(desk)
        await desk.begin()
        return desk

    def offer(self, scenario: str, user: str = "marat") -> None:
        """One more chat for an agent, as somebody who looks on asks for it."""
        self.server.stage.direct(lambda simulator, now: directing.offer(simulator, scenario, user, now))

    @property
    def said(self) -> int:
        """How much has happened."""
        return self.server.stage.simulator.journal.total

    @property
    def misses(self) -> list[Any]:
        """Requests that were no step."""
        return [each for each in self.server.stage.simulator.journal if each.kind == "miss"]


class Desk:
    """One agent's desktop: REST, and CometD by polls that do not wait."""

    def __init__(self, office: Office, user: str) -> None:
        self._office = office
        self._url = office.server.url
        self._client = ""
        login = base64.b64encode(f"{user}:secret".encode()).decode()
        self.http = aiohttp.ClientSession(
            headers={"Authorization": f"Basic {login}"}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        self.events: list[dict[str, Any]] = []
        """The data of all events that came, in order."""

    async def begin(self) -> None:
        """Logs in, and listens to all that is the agent's."""
        await self.get("/api/v2/me")
        await self.post("/api/v2/me", operationName="StartContactCenterSession", channels=["chat"])
        (welcome,) = await self._bayeux("handshake", version="1.0", supportedConnectionTypes=["long-polling"])
        self._client = welcome["clientId"]
        await self._bayeux("subscribe", subscription=["/v2/me/chats", "/v2/me/channels"])
        await self.post("/api/v2/me", operationName="Ready")

    async def listen(self, *channels: str) -> None:
        """Subscribes to more."""
        await self._bayeux("subscribe", subscription=list(channels))

    async def get(self, path: str) -> Any:
        """The answer to a GET."""
        return (await self._ask("GET", path, None))[1]

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """Status and answer of an operation."""
        return await self._ask("POST", path, body)

    async def operate(self, chat: str, operation: str, **fields: Any) -> Any:
        """The answer to an operation on a chat, which has to be good."""
        status, body = await self.post(f"{CHATS}/{chat}", operationName=operation, **fields)
        assert (status, body["statusCode"]) == (200, 0), body
        return body

    async def hear(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        """Lets time go by; the events that came of it."""
        before, end = len(self.events), self._office.clock.now() + seconds
        while True:
            # Who does not poll for too long is forgotten.
            self._office.clock.advance(min(POLLING, max(0.0, end - self._office.clock.now())))
            await self._bayeux("connect", connectionType="long-polling", advice={"timeout": 0})
            if self._office.clock.now() >= end:
                return self.events[before:]

    async def invited(self, seconds: float = 3.0) -> str:
        """The id of a chat that is offered within so long."""
        chats = [each["chat"] for each in await self.hear(seconds) if "chat" in each]
        (chat,) = [each for each in chats if each["state"] == "Invited"]
        return str(chat["id"])

    async def accepted(self, nickname: str = "Marat") -> str:
        """The id of a chat that is offered and accepted."""
        chat = await self.invited()
        await self.operate(chat, "Accept", nickname=nickname)
        await self.hear(0.5)
        return chat

    def messages(self, chat: str) -> list[dict[str, Any]]:
        """All messages of a chat, in the order in which they came."""
        logs = [each for each in self.events if each.get("chatUri", "").endswith(f"/{chat}")]
        return [message for log in logs for message in log["messages"]]

    def states(self, chat: str) -> list[str]:
        """The states that a chat went through."""
        changes = [each for each in self.events if each.get("notificationType") == "StatusChange"]
        return [each["chat"]["state"] for each in changes if each["chat"]["id"] == chat]

    async def _ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        before = self._office.said
        # Not what aiohttp makes of it: `*` and `,` are sent as clients send them.
        asking = asyncio.ensure_future(
            self.http.request(method, URL(self._url + path, encoded=True), json=body)
        )
        await until(lambda: self._office.said > before)
        self._office.clock.advance(SOON)
        async with await asking as answer:
            return answer.status, await answer.json()

    async def _bayeux(self, verb: str, **fields: Any) -> Any:
        named = {"clientId": self._client} if self._client else {}
        message = {"channel": f"/meta/{verb}", "id": "1"} | named | fields
        async with self.http.post(self._office.server.cometd_url, json=[message]) as answer:
            told = await answer.json()
        self.events += [each["data"] for each in told if "data" in each]
        return [each for each in told if "data" not in each]


Main = Callable[[Office], Coroutine[Any, Any, None]]


def at(*names: str) -> Callable[[Main], Callable[[], None]]:
    """A test of a server that plays these."""

    def decorated(main: Main) -> Callable[[], None]:
        def test() -> None:
            async def opened() -> None:
                async with Office(*names) as office:
                    await main(office)
                    assert office.misses == []

            run(opened(), asyncio.new_event_loop)

        test.__name__ = main.__name__
        return test

    return decorated
