"""The load: sessions are set up, stand idle, are paced, and are flooded; every event is checked."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bench.agent import Agent
from bench.connection import BrokenError
from bench.servers import Listening
from bench.waiting import until
from bench.watching import KINDS
from replay.clock import SystemClock

IN_FLIGHT = 32
"""Agents that ask at the same time: enough to keep a server's core full."""
PACE = 200
"""Accepts a second while delivery's latency is measured: 600 events."""
SETTING_UP = 180.0
"""Seconds that all agents may take; a server that hangs is no figure."""
PATIENCE = 20.0
"""Seconds that the last events may take."""
SETTLE = 0.5
"""Seconds for the last held poll to reach the server before its memory is read, and for what comes twice."""
FULL = 0.9
"""Of a core: whoever is busier has nothing left to give."""

_CLOCK = SystemClock()


class Wanted(NamedTuple):
    """How long one run lasts."""

    size: int
    """Agents."""
    paced: float
    """Seconds at `PACE`; 0 leaves it out."""
    flood: float
    """Seconds as fast as the server can; 0 leaves it out."""
    settle: float = SETTLE
    patience: float = PATIENCE


class Figures(NamedTuple):
    """What one run of one server measured."""

    set_up: float
    """Sessions per second."""
    set_up_cost: float
    """Seconds of the server's processor for each."""
    kilobytes: float
    """Memory per idle agent with a held connect."""
    paced_p50: float
    """Milliseconds from an Accept to an event at 600 events/s."""
    paced_p99: float
    events: float
    """Delivered per second in the flood."""
    events_cost: float
    flood_p50: float
    flood_p99: float
    polls: float
    """Connects for each Accept: what a server collects into one answer saves it the others."""
    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Spent(NamedTuple):
    """Seconds: of the clock, of this process, of the server."""

    passed: float
    load: float
    server: float

    @classmethod
    def now(cls, server: Listening) -> Spent:
        """So far."""
        return cls(_CLOCK.now(), time.process_time(), server.used)

    def since(self, before: Spent) -> Spent:
        """Of a while."""
        return Spent(*(b - a for a, b in zip(before, self, strict=True)))

    @property
    def note(self) -> str:
        """Says it when the load was the bottleneck, else nothing."""
        if self.load < FULL * self.passed or self.server > FULL * self.passed:
            return ""
        load, server = self.load / self.passed, self.server / self.passed
        return f"the load's core was full ({load:.0%}), the server's was not ({server:.0%})"


class Crowd:
    """Agents that accept chats, some at a time."""

    def __init__(self, agents: Sequence[Agent], patience: float) -> None:
        self._agents = agents
        self._free = deque(agents)
        self._patience = patience
        self.accepts = 0
        """Begun so far."""
        self._in_flight = 0
        self._until = 0.0
        self._closing = False
        self._why: str | None = None
        self._quiet = asyncio.Event()
        for agent in agents:
            agent.broken = self._broken

    async def flood(self, seconds: float) -> None:
        """Accepts as fast as they are answered, until the last event has come."""
        if not seconds:
            return
        self._until, self._closing = _CLOCK.now() + seconds, True
        for _ in range(min(IN_FLIGHT, len(self._free))):
            self._accept()
        await self.end(seconds)

    async def pace(self, seconds: float) -> None:
        """Accepts at an even rate; an agent that still waits is passed over, and so are all when all wait."""
        began, self._until, self._closing = _CLOCK.now(), 0.0, False
        for number in range(round(PACE * seconds)):
            await until(began + number / PACE)
            if self._free and self._why is None:
                self._accept()
        await self.end()

    async def end(self, seconds: float = 0.0) -> None:
        """Until nothing is in flight any more; raises `BrokenError` with what is missing, or broke."""
        self._closing = True
        if self._in_flight and self._why is None:
            self._quiet.clear()
            try:
                async with asyncio.timeout(seconds + self._patience):
                    await self._quiet.wait()
            except TimeoutError:
                self._why = self._missing()
        if self._why is not None:
            raise BrokenError(self._why)

    def _accept(self) -> None:
        agent = self._free.popleft()
        self._in_flight += 1
        self.accepts += 1

        def done() -> None:
            self._free.append(agent)
            self._in_flight -= 1
            if _CLOCK.now() < self._until:
                self._accept()
            elif self._closing and not self._in_flight:
                self._quiet.set()

        agent.accept(self.accepts, done)

    def _missing(self) -> str:
        late = [agent for agent in self._agents if agent.watch.left]
        if not late:
            return f"{self._in_flight} Accepts were not answered within {self._patience:g} s"
        events = sum(len(agent.watch.left) for agent in late)
        first = " ".join(late[0].watch.left[0])
        what = f"{events} events of {len(late)} agents did not come within {self._patience:g} s"
        seen = "".join(f"; {sentence}" for agent in late for sentence in agent.watch.wrong[:1])
        return f"{what}; agent {late[0].number} waits for {first}{seen}"

    def _broken(self, why: str) -> None:
        self._why = self._why or why
        self._quiet.set()


async def measure(server: Listening, kind: type[Agent], wanted: Wanted) -> Figures:
    """One run against a server that was just started."""
    came: list[float] = []
    agents = [kind(number, server.host, server.port, came) for number in range(1, wanted.size + 1)]
    try:
        with _uncollected():
            before = server.resident, Spent.now(server)
            await _set_up(agents)
            setting_up = Spent.now(server).since(before[1])
            await until(_CLOCK.now() + wanted.settle)
            grown = server.resident - before[0]
            crowd = Crowd(agents, wanted.patience)
            await crowd.pace(wanted.paced)
            paced, polled, accepted = came.copy(), sum(agent.polls for agent in agents), crowd.accepts
            came.clear()
            idle = Spent.now(server)
            await crowd.flood(wanted.flood)
            flooding = Spent.now(server).since(idle)
            await until(_CLOCK.now() + wanted.settle)
            await crowd.end()
    finally:
        for agent in agents:
            agent.leave()
    accepts, count = max(1, crowd.accepts - accepted), max(1, len(came))
    return Figures(
        set_up=wanted.size / setting_up.passed,
        set_up_cost=setting_up.server / wanted.size,
        kilobytes=grown / 1024 / wanted.size,
        paced_p50=_quantile(paced, 50),
        paced_p99=_quantile(paced, 99),
        events=len(came) / max(flooding.passed, 1e-6),
        events_cost=flooding.server / count,
        flood_p50=_quantile(came, 50),
        flood_p99=_quantile(came, 99),
        polls=(sum(agent.polls for agent in agents) - polled) / accepts,
        wrong=tuple(_wrong(agents, len(KINDS) * crowd.accepts, len(paced) + len(came))),
        notes=tuple(note for note in (setting_up.note, flooding.note) if note),
    )


def _wrong(agents: Sequence[Agent], due: int, came: int) -> list[str]:
    wrong = [sentence for agent in agents for sentence in agent.watch.wrong]
    return wrong if due == came else [*wrong, f"{came} events came, {due} were due"]


@contextmanager
def _uncollected() -> Iterator[None]:
    """The load's own collector would be seen as the server's lateness."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _set_up(agents: Sequence[Agent]) -> None:
    left = iter(agents)

    async def work() -> None:
        for agent in left:
            await agent.set_up()

    async with asyncio.timeout(SETTING_UP), asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())


def _quantile(seconds: list[float], percent: int) -> float:
    """In milliseconds."""
    times = sorted(seconds)
    return 1000 * times[len(times) * percent // 100] if times else 0.0
