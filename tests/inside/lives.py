"""What may become of a simulator within a program, from its start to its end."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

import replay
from replay.errors import SurroundingsError
from replay.server.served import Served
from replay.server.turns import turn
from tests.server.running import until

STORY = Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml"
EVENTS = 4
"""How many the story tells whoever accepts."""

Life = Callable[[], Awaitable[None] | None]


class Client:
    """An agent's client of it."""

    def __init__(self, simulator: Served, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.http = http
        self.name = ""
        self.events: list[dict[str, Any]] = []

    async def say(self, verb: str, **fields: Any) -> None:
        """One Bayeux message; takes in what comes back."""
        message = {"id": "1", "channel": f"/meta/{verb}", "clientId": self.name, **fields}
        async with self.http.post(self.simulator.cometd_url, json=[message]) as response:
            for each in await response.json():
                self.name = each.get("clientId", self.name)
                self.events += [each] if "data" in each else []

    async def join(self) -> None:
        """Begins to listen."""
        await self.say("handshake", version="1.0", supportedConnectionTypes=["long-polling"])
        await self.say("subscribe", subscription="/v2/me/chats")
        await self.poll(advice={"timeout": 0})

    async def poll(self, **fields: Any) -> None:
        """Asks for events."""
        await self.say("connect", connectionType="long-polling", **fields)

    async def accept(self) -> None:
        """Plays the story to its end."""
        await self.join()
        while not self.events:
            await self.poll()
        chat = self.events[0]["data"]["chat"]["id"]
        url = f"{self.simulator.url}/api/v2/me/chats/{chat}"
        async with self.http.post(url, json={"operationName": "Accept", "nickname": "Eva"}) as response:
            assert response.status == 200, await response.text()
        while len(self.events) < EVENTS:
            await self.poll()


@asynccontextmanager
async def serving(story: Path = STORY, **settings: Any) -> AsyncGenerator[Client]:
    """A simulator and a client that outlives it: whatever it has under way is broken off by the server."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        aiohttp.ClientSession(cookie_jar=jar) as http,
        replay.serve(story, **{"speed": "max", **settings}) as simulator,
    ):
        yield Client(simulator, http)


async def broken_off(task: asyncio.Task[Any]) -> None:
    """Whatever it was waiting for did not come."""
    with suppress(aiohttp.ClientError):
        await task


async def an_accept_to_its_end() -> None:
    async with serving() as client:
        await client.accept()


async def nobody_ever_comes() -> None:
    async with serving():
        pass


async def a_poll_and_a_socket_are_open_at_the_end() -> None:
    async with serving(clock="manual") as client:
        await client.join()
        poll = asyncio.ensure_future(client.poll())
        socket = await client.http.ws_connect(client.simulator.cometd_url.replace("http", "ws", 1))
        await socket.send_json([{"id": "1", "channel": "/meta/handshake", "version": "1.0"}])
        await socket.receive()
        connected = client.simulator.server.stage.simulator.bayeux.clients[client.name]
        await until(lambda: connected.hold is not None)
    await socket.close()
    await broken_off(poll)


async def a_request_is_under_way_at_the_end() -> None:
    async with serving(clock="manual") as client:
        asked = asyncio.ensure_future(client.http.get(f"{client.simulator.url}/api/v2/me"))
        await until(lambda: any(entry.kind == "request" for entry in client.simulator.journal))
    await broken_off(asked)


async def control_has_a_port_of_its_own_and_a_page_is_open_at_the_end() -> None:
    async with serving(control_port=0) as client:
        await client.accept()
        stream = await client.http.get(f"{client.simulator.control_url}/stream")
        await stream.content.readany()
    stream.close()


async def its_file_is_watched_and_changes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "story.yaml")
        shutil.copy(STORY, path)
        async with serving(path, watch=True) as client:
            await client.accept()
            _change(path)
            await until(lambda: any(entry.kind == "scenario" for entry in client.simulator.journal))
            _change(path)


def _change(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("Marat", "Eva Marat"), encoding="utf-8")


async def it_is_out_of_reach_at_the_end() -> None:
    async with serving(control_port=0) as client:
        await client.join()
        client.simulator.fault("partition", ttl="30s")


async def answers_hang_and_drip_at_the_end() -> None:
    async with serving() as client:
        client.simulator.fault("slow", where={"step": "me"}, rate="1B/s")
        client.simulator.fault("hang", where={"step": "ready"})
        url = f"{client.simulator.url}/api/v2/me"
        dripping = await client.http.get(url)
        hanging = asyncio.ensure_future(client.http.post(url, json={"operationName": "Ready"}))
        await until(lambda: sum(entry.kind == "fault" for entry in client.simulator.journal) == 2)
    dripping.close()
    await broken_off(hanging)


async def its_user_fails() -> None:
    with suppress(ZeroDivisionError):
        async with serving() as client:
            await client.join()
            raise ZeroDivisionError


async def its_user_is_cancelled() -> None:
    async def use() -> None:
        async with serving(clock="manual") as client:
            await client.join()
            await client.poll()

    task = asyncio.ensure_future(use())
    for _ in range(20):
        await asyncio.wait([task], timeout=0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def its_user_is_cancelled_while_it_opens() -> None:
    for turns in range(12):
        await _cancelled(nobody_ever_comes(), turns)


async def its_user_is_cancelled_while_it_closes() -> None:
    for turns in range(12):
        closing = asyncio.Event()

        async def use(closing: asyncio.Event = closing) -> None:
            async with serving() as client:
                await client.join()
                closing.set()

        task = asyncio.ensure_future(use())
        await closing.wait()
        await _cancelled(task, turns)


async def _cancelled(doing: Awaitable[None], turns: int) -> None:
    task = asyncio.ensure_future(doing)
    for _ in range(turns):
        await turn()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def its_port_is_in_use() -> None:
    async with serving() as client:
        with suppress(SurroundingsError):
            async with replay.serve(STORY, port=int(client.simulator.url.rpartition(":")[2])):
                raise AssertionError


async def another_server_is_asked_what_no_step_is() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            serving() as real,
            serving(upstream=real.simulator.url, learned=folder) as client,
            client.http.get(f"{client.simulator.url}/api/v2/nothing") as response,
        ):
            assert response.status == 404
            assert [entry.kind for entry in real.simulator.journal][-1] == "miss"


LIVES: tuple[Life, ...] = (
    an_accept_to_its_end,
    nobody_ever_comes,
    a_poll_and_a_socket_are_open_at_the_end,
    a_request_is_under_way_at_the_end,
    control_has_a_port_of_its_own_and_a_page_is_open_at_the_end,
    its_file_is_watched_and_changes,
    another_server_is_asked_what_no_step_is,
    it_is_out_of_reach_at_the_end,
    answers_hang_and_drip_at_the_end,
    its_user_fails,
    its_user_is_cancelled,
    its_user_is_cancelled_while_it_opens,
    its_user_is_cancelled_while_it_closes,
    its_port_is_in_use,
)
