"""A scenario played by the simulator to the built-in client, on a clock moved by hand: no network at all."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay import wire
from replay.bayeux.client import Action, Batch, BayeuxClient, Pause, Phase, Ready, Received
from replay.bayeux.messages import parse
from replay.plan.timeline import Ask, plan
from replay.scenario.model import Scenario
from replay.simulator.options import Options
from replay.simulator.simulator import Simulator
from replay.verify.role import Role, Seen

BASE_URL = "http://replay:8090"
LIMIT = 120.0
"""Seconds on the clock after which nothing more is expected."""


class Loop:
    """One agent and one server."""

    def __init__(
        self, scenario: Scenario, *, transport: str = "long-polling", seed: int = 0, goes_on: bool = False
    ) -> None:
        """Nothing has been said yet.

        Args:
            goes_on: Whether the client goes on past an event that does not come.
        """
        self.timeline = plan(scenario)
        self.simulator = Simulator([self.timeline], Options(seed=seed, epoch=1_800_000_000.0))
        self.role = Role(self.timeline, BASE_URL)
        self.client = BayeuxClient(transport=transport, subscriptions=self.role.channels)
        self.seen: list[Seen] = []
        self.now = 100.0
        self._transport = transport
        self._goes_on = goes_on
        self._until = self.now + LIMIT
        self._began = 0.0
        self._cookies: dict[str, str] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Callable[[wire.Answer], None]] = {}
        self._socket = 0

    def run(self) -> list[Seen]:
        """Plays the whole of it; returns what the client saw."""
        for ask in self.timeline.session.asks:
            self._ask(ask)
            while self._waiting:
                self._advance()
        if self._transport == "websocket":
            self._socket = next(self._numbers)
            opened = wire.SocketOpened(socket=self._socket, headers=self._headers(), **self._where())
            self._put(opened)
        self._perform(self.client.start())
        while self._due and not self.role.done and self.now < self._until:
            self._advance()
            if self.now >= self._until and self._goes_on and self.role.pass_over():
                self._until = self.now + LIMIT
                self._perform([])
        self._perform(self.client.disconnect())
        while self._due and self.client.phase is not Phase.ENDED:
            self._advance()
        return self.seen

    def told(self, channel: str, data: Any) -> list[tuple[str, Any]]:
        """What comes of an event on its way: itself."""
        return [(channel, data)]

    def answered(self, _step: str, status: int, body: Any) -> tuple[int, Any]:
        """What comes of an answer on its way: itself."""
        return status, body

    def _advance(self) -> None:
        at, _, happen = heapq.heappop(self._due)
        self.now = max(self.now, at)
        happen()

    def _later(self, at: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), happen))

    # The server

    def _where(self) -> dict[str, Any]:
        return {"mount": self.timeline.scenario.cometd.path, "base_url": BASE_URL}

    def _headers(self) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"cookie": cookie} if cookie else {}

    def _put(self, happening: wire.Input) -> None:
        for effect in self.simulator.receive(happening, self.now):
            self._later(max(effect.at, self.now), lambda effect=effect: self._happens(effect))

    def _happens(self, effect: wire.Effect) -> None:
        match effect:
            case wire.Answer():
                for name, value in effect.headers:
                    if name == "Set-Cookie":
                        key, _, rest = value.partition(";")[0].partition("=")
                        self._cookies[key] = rest
                self._waiting.pop(effect.exchange)(effect)
            case wire.Send():
                self._perform(self.client.received(parse(effect.body), self.now))
            case wire.Wake():
                self._put(wire.Woken())

    # The client

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Batch():
                    self._send(action)
                case Received():
                    for channel, data in self.told(action.channel, action.data):
                        found = self.role.event(channel, data)
                        self._note("event", found.step, channel, data, found.differences, found.again)
                case Pause():
                    self._later(action.at, lambda: self._perform(self.client.wake(self.now)))
                case Ready():
                    self._began = self._began or self.now
        for ask in self.role.due():
            self._ask(ask)

    def _send(self, batch: Batch) -> None:
        body = msgspec.json.encode(batch.messages)
        if self._socket:
            self._put(wire.SocketText(socket=self._socket, body=body))
            return
        number = next(self._numbers)
        self._waiting[number] = lambda answer: self._perform(
            self.client.received(parse(answer.body), self.now, number=batch.number)
        )
        polled = wire.Polled(
            exchange=number, transport=self._transport, headers=self._headers(), body=body, **self._where()
        )
        self._put(polled)

    def _ask(self, ask: Ask) -> None:
        method, target, body = self.role.request(ask)
        path, _, query = target.partition("?")
        number = next(self._numbers)
        self._waiting[number] = lambda answer: self._answered(ask, answer)
        self._note("request", ask.id, f"{method} {target}", None if body is msgspec.UNSET else body)
        request = wire.Request(
            exchange=number,
            method=method,
            path=unquote(path),
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=self._headers(),
            body=b"" if body is msgspec.UNSET else msgspec.json.encode(body),
            base_url=BASE_URL,
        )
        self._put(request)

    def _answered(self, ask: Ask, answer: wire.Answer) -> None:
        body = msgspec.json.decode(answer.body) if answer.body else None
        status, body = self.answered(ask.id, answer.status, body)
        differences = self.role.answered(ask, status, body)
        self._note("answer", ask.id, str(status), body, differences)
        for ask in self.role.due():
            self._ask(ask)

    def _note(
        self, kind: str, step: str, what: str, value: Any, differences: Any = (), again: str = ""
    ) -> None:
        at = self.now - self._began if self._began else 0.0
        seen = Seen(at=at, kind=kind, step=step, what=what, value=value, differences=differences, again=again)
        self.seen.append(seen)
