"""The load: sessions are set up, stand idle, and are flooded; every event is checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, NamedTuple

from bench.agent import KINDS, Agent
from bench.servers import Listening
from replay.clock import SystemClock

IN_FLIGHT = 32
"""Agents that ask at the same time: enough to keep a server's core full."""
PATIENCE = 180.0
"""Seconds that a run may take; a server that hangs is no figure."""
SETTLE = 0.5
"""Seconds for the last held poll to reach the server before its memory is read."""


class Figures(NamedTuple):
    """What one run of one server measured."""

    set_up: float
    """Sessions per second."""
    kilobytes: float
    """Memory per idle agent with a held poll."""
    events: float
    """Delivered per second in the flood."""
    p50: float
    """Milliseconds from an Accept to an event."""
    p99: float
    polls: float
    """Connects for each Accept: what a server collects into one answer saves it the others."""
    wrong: tuple[str, ...] = ()


async def measure(server: Listening, size: int, accepts: int) -> Figures:
    """One run against a server that was just started, with that many Accepts or a few more."""
    agents = [Agent(number, server.host, server.port) for number in range(1, size + 1)]
    rounds = -(-accepts // size)
    try:
        async with asyncio.timeout(PATIENCE):
            before = server.resident
            setting_up = await _timed(agents, Agent.set_up)
            await _pause(SETTLE)
            grown = server.resident - before
            polled = sum(agent.polls for agent in agents)
            flooding = 0.0
            for ordinal in range(rounds):
                flooding += await _timed(agents, partial(Agent.accept, ordinal=ordinal))
            await _pause(SETTLE)
    finally:
        for agent in agents:
            await agent.leave()
    times = sorted(1000 * latency for agent in agents for latency in agent.latencies)
    expected = size * rounds * len(KINDS)
    wrong = [sentence for agent in agents for sentence in agent.wrong]
    if len(times) != expected:
        wrong.append(f"{len(times)} events came, {expected} were due")
    return Figures(
        set_up=size / setting_up,
        kilobytes=grown / 1024 / size,
        events=expected / flooding,
        p50=times[len(times) // 2],
        p99=times[len(times) * 99 // 100],
        polls=(sum(agent.polls for agent in agents) - polled) / (size * rounds),
        wrong=tuple(wrong),
    )


async def _timed(agents: Iterable[Agent], act: Callable[[Agent], Coroutine[Any, Any, None]]) -> float:
    """Seconds until all agents have acted, some at a time."""
    clock = SystemClock()
    left = iter(agents)

    async def work() -> None:
        for agent in left:
            await act(agent)

    began = clock.now()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())
    return clock.now() - began


async def _pause(seconds: float) -> None:
    clock = SystemClock()
    passed = asyncio.Event()
    clock.call_at(clock.now() + seconds, passed.set)
    await passed.wait()
