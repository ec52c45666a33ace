"""How a server comes to its end: nobody new is taken, and requests under way are answered."""

from __future__ import annotations

import asyncio

from replay.clock import ManualClock
from replay.server.stage import Stage
from replay.simulator.ending import last_answer

GRACE = 2.0
"""Seconds within which an answer that is under way is waited for; one that is due later does not come."""


async def answered(stage: Stage, within: float = GRACE) -> None:
    """Waits until those answers are out that are due by then.

    On a clock moved by hand none comes by itself.
    """
    clock = stage.clock
    if isinstance(clock, ManualClock):
        return
    end = clock.now() + within
    while (at := _last(stage, end)) is not None:
        reached = asyncio.Event()
        alarm = clock.call_at(at, reached.set)
        try:
            await reached.wait()
        finally:
            alarm.cancel()


def _last(stage: Stage, end: float) -> float | None:
    """When the last of these comes, if that is not now."""
    due = [at for at in (last_answer(stage.simulator, end), stage.last_due(end)) if at is not None]
    at = max(due, default=None)
    return at if at is not None and at > stage.clock.now() else None
