"""One agent that plays its part of a scenario against a server: ours, a real one, or a proxy before it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import httpx
import msgspec

from replay.bayeux.client import Action, Batch, BayeuxClient, Ended, Pause, Phase, Ready, Received
from replay.bayeux.messages import Message
from replay.clock import Clock, SystemClock
from replay.drive.carriers import Carrier, Polls, Socket
from replay.errors import SurroundingsError
from replay.plan.timeline import Ask, Timeline
from replay.verify.role import Role, Seen


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent saw."""

    seen: tuple[Seen, ...]
    missing: tuple[str, ...]
    """Steps of the scenario that it did not see."""
    why: str = ""
    """Why it ended before all was seen; empty when it did not."""


async def play(
    timeline: Timeline, target: str, *, transport: str = "long-polling", patience: float = 15.0
) -> Outcome:
    """Plays one agent's part to its end.

    Args:
        target: Where the server is: `http://host:port`.
        patience: Seconds without anything new after which the agent gives up.

    Raises:
        SurroundingsError: the server cannot be reached.
    """
    jar = aiohttp.CookieJar(unsafe=True)  # aiohttp drops cookies of hosts that are addresses otherwise
    async with (
        aiohttp.ClientSession(cookie_jar=jar) as session,
        httpx.AsyncClient(base_url=target, timeout=patience) as rest,
    ):
        agent = _Agent(timeline, target, session, rest)
        try:
            return await agent.run(transport, patience)
        except (httpx.TransportError, aiohttp.ClientConnectionError) as error:
            raise SurroundingsError(f"{target} cannot be reached: {error}") from None
        finally:
            await agent.close()


class _Agent:
    """The shell around a Bayeux client and a role: it owns the sockets and nothing else."""

    def __init__(
        self, timeline: Timeline, target: str, session: aiohttp.ClientSession, rest: httpx.AsyncClient
    ) -> None:
        self._timeline = timeline
        self._target = target
        self._session = session
        self._rest = rest
        self._clock: Clock = SystemClock()
        self._role = Role(timeline, target)
        self._client: BayeuxClient
        self._carrier: Carrier | None = None
        self._news = asyncio.Event()
        self._seen: list[Seen] = []
        self._began = 0.0
        self._why = ""
        self._requests: set[asyncio.Task[None]] = set()

    async def run(self, transport: str, patience: float) -> Outcome:
        for ask in self._timeline.session.asks:
            await self._request(ask, story=False)
        self._client = BayeuxClient(transport=transport, subscriptions=self._role.channels)
        self._carrier = await self._connect(transport)
        self._perform(self._client.start())
        while not self._role.done and self._client.phase is not Phase.ENDED:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), patience)
            except TimeoutError:
                self._why = f"nothing new came for {patience:g} s"
                break
        await self._leave()
        return Outcome(seen=tuple(self._seen), missing=tuple(self._role.missing), why=self._why)

    async def close(self) -> None:
        """Ends what is under way."""
        for task in self._requests:
            task.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        if self._carrier is not None:
            await self._carrier.close()

    async def _connect(self, transport: str) -> Carrier:
        url = self._target + self._timeline.scenario.cometd.path
        if transport == "websocket":
            socket = await self._session.ws_connect(url.replace("http", "ws", 1))
            return Socket(socket, self._received, self._failed)
        return Polls(self._session, url, self._received, self._failed)

    async def _leave(self) -> None:
        self._perform(self._client.disconnect())
        try:
            async with asyncio.timeout(LEAVING):
                while self._client.phase is not Phase.ENDED:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self._why = self._why or "the server did not answer the disconnect"

    # What comes in

    def _received(self, messages: list[Message]) -> None:
        self._perform(self._client.received(messages, self._clock.now()))

    def _failed(self, number: int, why: str) -> None:
        self._note("failure", "", why)
        self._perform(self._client.failed(number, self._clock.now()))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Batch():
                    assert self._carrier is not None
                    self._carrier.send(action)
                case Received():
                    self._event(action)
                case Pause():
                    self._clock.call_at(action.at, self._wake)
                case Ready():
                    self._began = self._began or self._clock.now()
                case Ended():
                    self._why = self._why or action.why
        self._ask_due()
        self._news.set()

    def _wake(self) -> None:
        self._perform(self._client.wake(self._clock.now()))

    def _event(self, event: Received) -> None:
        step, differences = self._role.event(event.channel, event.data)
        name = self._timeline.profile.push_name(event.channel, event.data)
        self._note("event", step, f"{event.channel} {name}", event.data, differences)

    # Requests

    def _ask_due(self) -> None:
        for ask in self._role.due():
            task = asyncio.get_running_loop().create_task(self._request(ask))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    async def _request(self, ask: Ask, *, story: bool = True) -> None:
        method, path, body = self._role.request(ask)
        has_body = body is not msgspec.UNSET
        if story:
            self._note("request", ask.id, f"{method} {path}", body if has_body else None)
        response = await self._rest.request(
            method,
            path,
            content=msgspec.json.encode(body) if has_body else None,
            headers={"Content-Type": "application/json"} if has_body else {},
        )
        answer = _as_json(response.content)
        differences = self._role.answered(ask, response.status_code, answer)
        if story:
            self._note("answer", ask.id, str(response.status_code), answer, differences)
            self._ask_due()
            self._news.set()

    def _note(self, kind: str, step: str, what: str, value: Any = None, differences: Any = ()) -> None:
        at = self._clock.now() - self._began if self._began else 0.0
        seen = Seen(at=at, kind=kind, step=step, what=what, value=value, differences=tuple(differences))
        self._seen.append(seen)


LEAVING = 3.0
"""Seconds the server gets to answer a disconnect."""


def _as_json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")
