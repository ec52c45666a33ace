"""How a server comes to its end: nobody new is taken, and requests under way are answered."""

from __future__ import annotations

import asyncio

from replay.clock import ManualClock
from replay.server.stage import Stage
from replay.simulator.ending import last_answer

GRACE = 1.5
"""Seconds within which an answer that is under way is waited for; one that is due later does not come."""
LOOK = 0.05
"""Seconds between two looks whether another server has answered."""


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
