"""Turns on the event loop."""

from __future__ import annotations

import asyncio

from replay.server.turns import turn

from .conftest import Loop
from .running import run


def test_who_is_cancelled_before_its_turn_comes_is_no_error(loop: Loop) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(turn())
        # After it has begun to wait, before its turn comes.
        asyncio.get_running_loop().call_soon(waiting.cancel)
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        await turn()

    run(main(), loop)
