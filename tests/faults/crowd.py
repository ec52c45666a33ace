"""Many agents at work on one server over real sockets, each by its own name, whatever goes wrong for it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import aiohttp
import msgspec

from replay.bayeux.client import Action, Batch, BayeuxClient, Ended, Pause, Received
from replay.bayeux.messages import Message
from replay.clock import SystemClock
from replay.drive.carriers import Polls, Trouble
from replay.drive.http import Http
from replay.entries import Entry
from replay.scenario.model import Fault
from replay.server.runner import Server
from replay.simulator.options import Options
from replay.testing import scenario

STORY = """
cometd: {path: /cometd}
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
faults:
  - name: slow
    fault: latency
    where: {operation: Send}
    settings: {delay: "lognormal(median 3ms, p99 12ms)"}
    chance: 40%
  - {name: flaky, fault: status, where: {operation: Send}, chance: 25%}
  - {name: lossy, fault: drop, where: {messageType: Echo}, chance: 20%}
  - {name: twice, fault: duplicate, where: {messageType: Echo}, chance: 20%, settings: {gap: 2ms}}
  - {name: late, fault: delay, where: {messageType: Echo}, settings: {by: "uniform(1ms, 9ms)"}, chance: 40%}
  - {name: swapped, fault: reorder, where: {messageType: Echo}, settings: {within: 9ms}, chance: 30%}
  - {name: gone, fault: unknown-client, where: {step: look}, chance: 40%}
steps:
  - {id: invited, push: /chats, after: start + 1ms, data: {messageType: Done, chat: "${chat}"}}
  - id: send
    request: POST /api/v2/me/chats/${chat}
    body: {operationName: Send}
    repeat: cycle
    respond: {after: 1ms, body: {statusCode: 0}}
  - {id: one, push: /chats, after: send + 1ms, data: {messageType: Echo, number: 1}}
  - {id: two, push: /chats, after: send + 3ms, data: {messageType: Echo, number: 2}}
  - {id: three, push: /chats, after: send + 5ms, data: {messageType: Echo, number: 3}}
  - {id: sent, push: /chats, after: send + 30ms, data: {messageType: Done}}
  - {id: look, request: GET /api/v2/me, respond: {body: me}}
  - {id: looked, push: /chats, after: look, data: {messageType: Done}}
"""
"""The agent goes on when it is told `Done`, which nothing touches: it follows all that a request sets off.

Whether an agent has been forgotten by then is no race: `look` is answered, and `looked` is due, in the moment
in which that happens.
"""

ROUNDS = 2
SENDS = 3


class _Desktop:
    """One agent: sends, again if that is refused, looks, and shakes hands anew when it has been forgotten."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._clock = url, SystemClock()
        credentials = b64encode(f"{name}:".encode()).decode()
        self._http = aiohttp.ClientSession(headers={"Authorization": f"Basic {credentials}"})
        self._bayeux = BayeuxClient(transport="long-polling", subscriptions=("/chats",))
        self._polls = Polls(Http(self._http), f"{url}/cometd", self._received, self._failed)
        self._done: asyncio.Queue[Any] = asyncio.Queue()
        self._ended = asyncio.Event()

    async def works(self) -> None:
        """From its handshake to its goodbye."""
        try:
            self._perform(self._bayeux.start())
            chat = (await self._done.get())["chat"]
            for _ in range(ROUNDS):
                for _ in range(SENDS):
                    await self._sends(f"{self._url}/api/v2/me/chats/{chat}")
                async with self._http.get(f"{self._url}/api/v2/me") as answer:
                    assert answer.status == 200
                await self._done.get()
            self._perform(self._bayeux.disconnect())
            await self._ended.wait()
        finally:
            await self._polls.close()
            await self._http.close()

    async def _sends(self, url: str) -> None:
        status = 503
        while status == 503:
            async with self._http.post(url, json={"operationName": "Send"}) as answer:
                status = answer.status
        assert status == 200
        await self._done.get()

    def _received(self, number: int, messages: list[Message]) -> None:
        self._perform(self._bayeux.received(messages, self._clock.now(), number=number))

    def _failed(self, number: int, trouble: Trouble) -> None:
        raise AssertionError(trouble.why)

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Batch():
                    self._polls.send(action)
                case Received() if action.data["messageType"] == "Done":
                    self._done.put_nowait(action.data)
                case Ended():
                    self._ended.set()
                case Pause():
                    self._clock.call_at(action.at, self._wake)

    def _wake(self) -> None:
        self._perform(self._bayeux.wake(self._clock.now()))


async def _run(names: Iterable[str], *, seed: int, at_once: bool, faults: tuple[Fault, ...]) -> Server:
    async with Server([scenario(STORY)], options=Options(seed=seed, faults=faults)) as server:
        if at_once:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(_Desktop(server.url, name).works())
        else:
            for name in names:
                await _Desktop(server.url, name).works()
    return server


def crowd(
    names: Iterable[str], *, seed: int = 0, at_once: bool = True, faults: tuple[Fault, ...] = ()
) -> dict[str, list[Entry]]:
    """What the journal says of each agent, but for times and the numbers of entries."""
    server = asyncio.run(_run(names, seed=seed, at_once=at_once, faults=faults))
    found: dict[str, list[Entry]] = {}
    for entry in server.stage.simulator.journal:
        timeless = msgspec.structs.replace(entry, number=0, at=0.0, late=0.0)
        found.setdefault(entry.agent, []).append(timeless)
    return found
