"""What every transport does, as tests: a new one inherits them and says how it carries a batch.

class TestCarrierPigeon(TransportBehaviours):
    carrier = CarrierPigeon
"""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import aiohttp
import pytest

from replay.bayeux.client_state import Client
from tests.server.conftest import Loop
from tests.server.running import Running, run, until

Messages = list[dict[str, Any]]

STORY = """
cometd: {path: /cometd, timeout: 30s}
steps:
  - {id: first, push: /a, after: start + 1s, data: 1}
  - {id: second, push: /a, after: start + 1500ms, data: 2}
  - {id: third, push: /a, after: start + 2s, data: 3}
"""
ALONE = "cometd: {path: /cometd, transports: [%s]}"
DIALLED = """
cometd: {path: /cometd}
steps: [{id: where, push: /a, after: start + 1s, data: "${base_url}"}]
"""


class Carrier(ABC):
    """How batches travel; whatever comes back goes to `take`."""

    name: ClassVar[str]
    """Its connection type."""

    def __init__(self, http: aiohttp.ClientSession, url: str, take: Callable[[Messages], None]) -> None:
        self.http = http
        self.url = url
        self.take = take

    @abstractmethod
    async def carry(self, batch: Messages) -> None:
        """Sends a batch; returns when nothing more will come of it by itself, or is cancelled."""

    async def close(self) -> None:  # noqa: B027  nothing to do for those that open nothing of their own
        """Breaks off what is open beyond the requests under way."""


class Desktop:
    """A Bayeux client that keeps what it gets."""

    def __init__(self, running: Running, carrier: type[Carrier]) -> None:
        self.running = running
        self.client_id = ""
        self.events: list[Any] = []
        self.carrier = carrier(running.http, running.server.cometd_url, self._take)
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Desktop:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.lose()

    @property
    def seen(self) -> Client:
        """The client as the server sees it."""
        return self.running.server.stage.simulator.bayeux.clients[self.client_id]

    def send(self, *messages: dict[str, Any]) -> list[asyncio.Future[dict[str, Any]]]:
        """Sends a batch; the replies to come."""
        batch = []
        replies = []
        for message in messages:
            number = str(next(self._numbers))
            self._waiting[number] = asyncio.get_running_loop().create_future()
            replies.append(self._waiting[number])
            named = {"clientId": self.client_id} if self.client_id else {}
            batch.append({"id": number} | named | message)
        task = asyncio.ensure_future(self.carrier.carry(batch))
        self._tasks.add(task)
        return replies

    async def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        """One meta message; its reply."""
        (reply,) = self.send({"channel": f"/meta/{verb}"} | fields)
        return await reply

    def connect(self) -> asyncio.Future[dict[str, Any]]:
        """A connect that may be held; its reply."""
        (reply,) = self.send({"channel": "/meta/connect", "connectionType": self.carrier.name})
        return reply

    async def join(self) -> None:
        """Shakes hands, subscribes, and connects for the first time."""
        self.client_id = (await self.ask("handshake"))["clientId"]
        await self.ask("subscribe", subscription="/a")
        await self.ask("connect", advice={"timeout": 0})

    async def lose(self) -> None:
        """All it is connected by breaks."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome
        await self.carrier.close()

    def _take(self, messages: Messages) -> None:
        for message in messages:
            if "data" in message:
                self.events.append(message["data"])
            else:
                self._waiting.pop(message["id"]).set_result(message)


class TransportBehaviours:
    """Over a real server on a socket, on a clock moved by hand."""

    carrier: ClassVar[type[Carrier]]
    news_ends_a_hold: ClassVar[bool] = True
    """Whether an event is brought by the connect that waits, or comes beside it."""

    def test_a_batch_is_answered_message_by_message(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                subscribe = {"channel": "/meta/subscribe", "subscription": "/b"}
                replies = [await reply for reply in desktop.send(subscribe, {"channel": "/b", "data": "ü"})]

                assert [(reply["channel"], reply["successful"]) for reply in replies] == [
                    ("/meta/subscribe", True),
                    ("/b", True),
                ]

        run(main(), loop)

    def test_it_is_among_those_that_a_handshake_offers(self, loop: Loop) -> None:
        async def main() -> None:
            text = ALONE % self.carrier.name
            async with Running(text) as running, Desktop(running, self.carrier) as desktop:
                welcome = await desktop.ask("handshake")
                assert welcome["supportedConnectionTypes"] == [self.carrier.name]

        run(main(), loop)

    def test_it_is_refused_where_it_is_not_offered(self, loop: Loop) -> None:
        async def main() -> None:
            others = {"long-polling", "websocket"} - {self.carrier.name}
            async with Running(ALONE % min(others)) as running:
                desktop = Desktop(running, self.carrier)
                with pytest.raises(aiohttp.ClientResponseError) as refused:
                    await desktop.carrier.carry([{"channel": "/meta/handshake", "id": "1"}])
                assert refused.value.status == 400
                await desktop.carrier.close()

        run(main(), loop)

    def test_events_come_when_they_are_due_and_in_their_order(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                held = desktop.connect()
                await until(lambda: desktop.seen.hold)
                running.clock.advance(0.999)
                assert (held.done(), desktop.events) == (False, [])
                running.clock.advance(0.001)
                if self.news_ends_a_hold:
                    assert (await held)["successful"]
                    held = desktop.connect()
                    await until(lambda: desktop.seen.hold)
                running.clock.advance(0.5)
                await until(lambda: len(desktop.events) == 2)

                assert desktop.events == [1, 2]
                assert held.done() is self.news_ends_a_hold

        run(main(), loop)

    def test_a_connect_without_news_is_answered_at_its_deadline(self, loop: Loop) -> None:
        async def main() -> None:
            text = ALONE % self.carrier.name
            async with Running(text) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                held = desktop.connect()
                await until(lambda: desktop.seen.hold)
                running.clock.advance(29.999)
                assert not held.done()
                running.clock.advance(0.001)

                assert (await held)["successful"]

        run(main(), loop)

    def test_a_disconnect_lets_the_connect_that_waits_go(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                held = desktop.connect()
                await until(lambda: desktop.seen.hold)

                assert (await desktop.ask("disconnect"))["successful"]
                assert (await held)["advice"] == {"reconnect": "none"}

        run(main(), loop)

    def test_a_stranger_is_told_to_shake_hands(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running, Desktop(running, self.carrier) as desktop:
                desktop.client_id = "nobody"
                reply = await desktop.ask("connect")
                assert reply["error"] == "402::Unknown client"
                assert reply["advice"] == {"reconnect": "handshake", "interval": 0}

        run(main(), loop)

    def test_two_clients_never_get_what_is_the_others(self, loop: Loop) -> None:
        async def main() -> None:
            async with (
                Running(STORY) as running,
                Desktop(running, self.carrier) as ann,
                Desktop(running, self.carrier) as bob,
            ):
                await ann.join()
                running.clock.advance(0.5)
                running.http.cookie_jar.clear()
                await bob.join()
                held = [ann.connect(), bob.connect()]
                await until(lambda: ann.seen.hold and bob.seen.hold)
                running.clock.advance(0.5)
                await until(lambda: ann.events)

                assert (bob.events, held[1].done()) == ([], False)

        run(main(), loop)

    def test_what_is_due_while_its_carrier_is_lost_comes_with_the_next(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                desktop.connect()
                await until(lambda: desktop.seen.hold)
                await desktop.lose()
                await until(lambda: desktop.seen.hold is None and desktop.seen.socket is None)
                running.clock.advance(2)
                await desktop.ask("connect", advice={"timeout": 0})

                assert desktop.events == [1, 2, 3]

        run(main(), loop)

    def test_a_session_goes_on_with_long_polling_and_comes_back(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                running.client_id = desktop.client_id
                poll = asyncio.ensure_future(running.bayeux("connect"))
                await until(lambda: desktop.seen.hold)
                running.clock.advance(1)
                first = [message["data"] for message in await poll if "data" in message]
                desktop.connect()
                await until(lambda: desktop.seen.hold)
                running.clock.advance(0.5)
                await until(lambda: desktop.events)

                assert (first, desktop.events) == ([1], [2])

        run(main(), loop)

    def test_events_name_the_host_that_was_dialled(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(DIALLED) as running, Desktop(running, self.carrier) as desktop:
                await desktop.join()
                running.clock.advance(1)
                await desktop.ask("connect", advice={"timeout": 0})

                assert desktop.events == [running.server.url]

        run(main(), loop)

    def test_no_origin_is_refused(self, loop: Loop) -> None:
        async def main() -> None:
            async with Running(STORY) as running:
                running.http.headers["Origin"] = "https://gadgets.example"
                async with Desktop(running, self.carrier) as desktop:
                    await desktop.join()

        run(main(), loop)
