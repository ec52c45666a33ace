"""The load: sessions are set up, stand idle, are paced, and are flooded; every event is checked."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Sequence
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


class Figures(NamedTuple):
    """What one run of one server measured."""

    set_up: float
    """Sessions per second."""
    kilobytes: float
    """Memory per idle agent with a held connect."""
    paced_p50: float
    """Milliseconds from an Accept to an event at 600 events/s."""
    paced_p99: float
    events: float
    """Delivered per second in the flood."""
    flood_p50: float
    flood_p99: float
    polls: float
    """Connects for each Accept: what a server collects into one answer saves it the others."""
    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Busy:
    """How full the cores of the server and of this process are, over a while."""

    def __init__(self, server: Listening) -> None:
        self._server = server
        self._began = self._read()

    def __str__(self) -> str:
        """Says it when the load was the bottleneck, else nothing."""
        passed, load, server = (b - a for a, b in zip(self._began, self._read(), strict=True))
        if load < FULL * passed or server > FULL * passed:
            return ""
        return f"the load's core was full ({load / passed:.0%}), the server's was not ({server / passed:.0%})"

    def _read(self) -> tuple[float, float, float]:
        return _CLOCK.now(), time.process_time(), self._server.used


class Crowd:
    """Agents that accept chats, some at a time."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._free = deque(agents)
        self._agents = agents
        self._accepts = 0
        self._in_flight = 0
        self._until = 0.0
        self._closing = False
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for agent in agents:
            agent.broken = self._broken

    @property
    def accepts(self) -> int:
        """Begun so far."""
        return self._accepts

    async def flood(self, seconds: float) -> float:
        """Accepts as fast as they are answered; returns the seconds until the last event had come."""
        began = _CLOCK.now()
        self._until = began + seconds
        self._closing = True
        for _ in range(min(IN_FLIGHT, len(self._free))):
            self._accept()
        await self._quiet(seconds)
        return _CLOCK.now() - began

    async def pace(self, seconds: float) -> None:
        """Accepts at an even rate; an agent that still waits is passed over, and so are all when all wait."""
        began, self._until = _CLOCK.now(), 0.0
        self._closing = False
        for number in range(round(PACE * seconds)):
            await until(began + number / PACE)
            if self._over.done():
                break
            if self._free:
                self._accept()
        await self._quiet(0)

    def _accept(self) -> None:
        agent = self._free.popleft()
        self._in_flight += 1
        self._accepts += 1

        def done() -> None:
            self._free.append(agent)
            self._in_flight -= 1
            if _CLOCK.now() < self._until:
                self._accept()
            elif self._closing and not self._in_flight and not self._over.done():
                self._over.set_result(None)

        agent.accept(self._accepts, done)

    async def _quiet(self, seconds: float) -> None:
        """Until nothing is in flight any more; raises `BrokenError` with what is missing."""
        self._closing = True
        if self._in_flight or self._over.done():
            try:
                async with asyncio.timeout(seconds + PATIENCE):
                    await self._over
            except TimeoutError:
                raise BrokenError(self._missing()) from None
        self._over = asyncio.get_running_loop().create_future()

    def _missing(self) -> str:
        late = [agent for agent in self._agents if agent.watch.left]
        if not late:
            return f"{self._in_flight} Accepts were not answered within {PATIENCE:.0f} s"
        events = sum(len(agent.watch.left) for agent in late)
        first = " ".join(late[0].watch.left[0])
        what = f"{events} events of {len(late)} agents did not come within {PATIENCE:.0f} s"
        return f"{what}; agent {late[0].number} waits for {first}"

    def _broken(self, why: str) -> None:
        if not self._over.done():
            self._over.set_exception(BrokenError(why))


async def measure(server: Listening, kind: type[Agent], wanted: Wanted) -> Figures:
    """One run against a server that was just started."""
    came: list[float] = []
    agents = [kind(number, server.host, server.port, came) for number in range(1, wanted.size + 1)]
    notes: list[str] = []
    # The load's own collector would be seen as the server's lateness.
    gc.collect()
    gc.disable()
    try:
        before = server.resident
        busy = Busy(server)
        setting_up = await _set_up(agents)
        notes.append(str(busy))
        await until(_CLOCK.now() + SETTLE)
        grown = server.resident - before
        gc.freeze()
        crowd = Crowd(agents)
        if wanted.paced:
            await crowd.pace(wanted.paced)
        paced = _quantiles(came)
        events, polled, accepted = len(came), sum(agent.polls for agent in agents), crowd.accepts
        came.clear()
        busy = Busy(server)
        flooding = await crowd.flood(wanted.flood) if wanted.flood else 0.0
        notes.append(str(busy))
        await until(_CLOCK.now() + SETTLE)
    finally:
        for agent in agents:
            agent.leave()
        gc.unfreeze()
        gc.enable()
    accepts = crowd.accepts - accepted
    expected = len(KINDS) * crowd.accepts
    wrong = [sentence for agent in agents for sentence in agent.watch.wrong]
    if len(came) + events != expected:
        wrong.append(f"{len(came) + events} events came, {expected} were due")
    return Figures(
        wanted.size / setting_up,
        grown / 1024 / wanted.size,
        *paced,
        len(came) / flooding if flooding else 0.0,
        *_quantiles(came),
        (sum(agent.polls for agent in agents) - polled) / accepts if accepts else 0.0,
        tuple(wrong),
        tuple(note for note in notes if note),
    )


async def _set_up(agents: Sequence[Agent]) -> float:
    """Seconds until all agents stand idle."""
    left = iter(agents)

    async def work() -> None:
        for agent in left:
            await agent.set_up()

    began = _CLOCK.now()
    async with asyncio.timeout(SETTING_UP), asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())
    return _CLOCK.now() - began


def _quantiles(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds."""
    times = sorted(seconds)
    return (1000 * times[len(times) // 2], 1000 * times[len(times) * 99 // 100]) if times else (0.0, 0.0)
