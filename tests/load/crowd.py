"""Many desktops at once, each through its whole story; every event is counted by those who get it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

import msgspec

from bench.connection import BrokenError
from replay.clock import SystemClock
from tests.load.desktops import DESKTOPS, Desktop
from tests.load.story import EVENTS, shared

IN_FLIGHT = 64
"""Desktops that are set up at the same time: a server is not to be kept from its plays by a storm."""


class Counted(NamedTuple):
    """What the clients have seen."""

    transport: str
    agents: int
    events: int
    """That came, whatever was wrong with them."""
    lost: int
    doubled: int
    misordered: int
    wrong: tuple[str, ...]
    """Everything else that should not have been, a sentence each."""
    seconds: float
    """From the first connection to the last event."""

    @property
    def is_good(self) -> bool:
        """Whether each agent was told each event once, in order."""
        whole = self.events == self.agents * len(EVENTS)
        return whole and not (self.lost or self.doubled or self.misordered or self.wrong)

    def __str__(self) -> str:
        return (
            f"{self.agents:,} agents over {self.transport}: {self.events:,} events, {self.lost} lost,"
            f" {self.doubled} doubled, {self.misordered} misordered, {len(self.wrong)} otherwise wrong,"
            f" {self.seconds:.1f} s"
        )


async def run(
    transport: str, size: int, host: str, port: int, *, stays: float = 0.0, patience: float = 300.0
) -> Counted:
    """So many desktops through their story, at once.

    Args:
        stays: Seconds that all stay after the last event, in which nothing more may come.
        patience: Seconds after which whatever has not come is lost.
    """
    clock = SystemClock()
    began = clock.now()
    desktops = [DESKTOPS[transport](number, host, port) for number in range(1, size + 1)]
    living: list[asyncio.Future[None]] = []

    async def start(desktop: Desktop) -> None:
        await desktop.set_up()
        living.append(asyncio.ensure_future(desktop.live()))

    try:
        async with asyncio.timeout(patience):
            await _each(desktops, start)
            await asyncio.gather(*living, return_exceptions=True)
    except TimeoutError:
        pass
    took = clock.now() - began
    await _until(clock, clock.now() + stays)
    try:
        async with asyncio.timeout(patience):
            await _each(desktops, Desktop.leave)
    except TimeoutError:
        desktops[0].broken.append("not all could leave in time")
    for desktop in desktops:
        desktop.close()
    await asyncio.gather(*living, return_exceptions=True)
    return _count(transport, desktops, took)


def _count(transport: str, desktops: list[Desktop], seconds: float) -> Counted:
    stories = [desktop.story for desktop in desktops]
    wrong = [
        f"{desktop.nickname}: {said}"
        for desktop in desktops
        for said in (*desktop.broken, *desktop.story.foreign, *desktop.story.misread)
    ]
    wrong += [f"'{each}' was made for more than one play" for each in shared(stories)]
    return Counted(
        transport=transport,
        agents=len(stories),
        events=sum(len(story.told) + len(story.foreign) for story in stories),
        lost=sum(story.lost for story in stories),
        doubled=sum(story.doubled for story in stories),
        misordered=sum(story.misordered for story in stories),
        wrong=tuple(wrong),
        seconds=seconds,
    )


async def _each(desktops: Iterable[Desktop], act: Callable[[Desktop], Coroutine[Any, Any, None]]) -> None:
    """All do this, some at a time."""
    left = iter(desktops)

    async def work() -> None:
        for desktop in left:
            try:
                await act(desktop)
            except (BrokenError, OSError, msgspec.DecodeError, LookupError) as error:
                desktop.break_off(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())


async def _until(clock: SystemClock, at: float) -> None:
    reached = asyncio.Event()
    clock.call_at(at, reached.set)
    await reached.wait()
