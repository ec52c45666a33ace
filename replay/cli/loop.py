"""The event loop that commands run on."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

from replay.server.loops import loop_factory

COLLECT_EVERY = 50_000
"""Objects made, less those freed, before Python looks for cycles: requests leave few."""


def run_loop(main: Coroutine[Any, Any, None], *, fast: bool = True) -> None:
    """Runs a coroutine to its end.

    Args:
        fast: On uvloop, which is to be had by those who need not close connections of TLS: it may end before
            these have.
    """
    with asyncio.Runner(loop_factory=loop_factory() if fast else asyncio.new_event_loop) as runner:
        runner.run(main)


def load_first() -> None:
    """Until all is settled, what is made is to stay: the collector would look through it for nothing."""
    gc.disable()


def settle() -> None:
    """What is loaded by now stays until the end: the collector need not look at it again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20, 100)
