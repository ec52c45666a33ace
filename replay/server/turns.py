"""Turns on the event loop, for what takes long and waits for nothing."""

from __future__ import annotations

import asyncio


async def turn() -> None:
    """Lets others have theirs."""
    loop = asyncio.get_running_loop()
    taken: asyncio.Future[None] = loop.create_future()
    loop.call_soon(_give, taken)
    await taken


def _give(turn: asyncio.Future[None]) -> None:
    # Whoever was to have it may have been cancelled.
    if not turn.done():
        turn.set_result(None)
