"""How a server comes to its end: nobody new is taken, and requests under way are answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence

from replay.clock import ManualClock
from replay.server.stage import Stage
from replay.server.turns import turn
from replay.simulator.ending import last_answer

GRACE = 1.5
"""Seconds within which an answer that is under way is waited for; one that is due later does not come."""
LOOK = 0.05
"""Seconds between two looks whether another server has answered."""
COMING = 2
"""Turns of the loop from accepting a connection to its being one that can be closed."""


async def to_the_end(ending: Coroutine[None, None, None]) -> None:
    """Does it to its end, however often whoever does it is cancelled meanwhile; only then that is passed on.

    What is half closed would be left behind: ports, connections, tasks.
    """
    task = asyncio.get_running_loop().create_task(ending)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def answered(stage: Stage, within: float = GRACE) -> None:
    """Waits until those answers are out that are due by then.

    On a clock moved by hand none comes by itself.
    """
    clock = stage.clock
    if isinstance(clock, ManualClock):
        return
    end = clock.now() + within
    while (at := _next(stage, end)) is not None:
        reached = asyncio.Event()
        alarm = clock.call_at(at, reached.set)
        try:
            await reached.wait()
        finally:
            alarm.cancel()


def _next(stage: Stage, end: float) -> float | None:
    """When to look again, if there is anything to wait for."""
    simulator, now = stage.simulator, stage.clock.now()
    due = [at for at in (last_answer(simulator, end), stage.last_due(end)) if at is not None]
    if simulator.forwarding.is_asking:
        # Nobody knows when another server answers.
        due.append(min(end, now + LOOK))
    at = max(due, default=now)
    return at if at > now else None


async def let_nobody_in(listening: Sequence[asyncio.Server]) -> None:
    """Closes ports; whoever has been accepted is a connection by then, and is closed with the others.

    A loop of asyncio loses connections that it has accepted just before their port is closed: they stay open.
    """
    loop = asyncio.get_running_loop()
    for number in (each.fileno() for server in listening for each in server.sockets):
        # Other loops need no readers to accept.
        with contextlib.suppress(NotImplementedError):
            loop.remove_reader(number)
    try:
        for _ in range(COMING):
            await turn()
    finally:
        for server in listening:
            server.close()
