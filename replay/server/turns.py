"""Turns on the event loop, for what takes long and waits for nothing."""

from __future__ import annotations

import asyncio


async def turn() -> None:
    """Lets others have theirs."""
    loop = asyncio.get_running_loop()
    taken = loop.create_future()
    loop.call_soon(taken.set_result, None)
    await taken
