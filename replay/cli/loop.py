"""The event loop that commands run on: uvloop where it runs, asyncio elsewhere."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine
from typing import Any

STANDARD = 2
"""The last of the descriptors that every program begins with."""
COLLECT_EVERY = 50_000
"""Objects made, less those freed, before Python looks for cycles: requests leave few."""


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415  not on Windows, not on PyPy
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def run_loop(main: Coroutine[Any, Any, None], *, fast: bool = True) -> None:
    """Runs a coroutine to its end.

    Args:
        fast: On uvloop, which is to be had by those who need not close connections of TLS: it may end before
            these have.
    """
    _fill_standard()
    with asyncio.Runner(loop_factory=_loop_factory() if fast else asyncio.new_event_loop) as runner:
        runner.run(main)


def _fill_standard() -> None:
    """Puts something where a standard stream is closed: libuv aborts if it finds a file of its own there."""
    while (found := os.open(os.devnull, os.O_RDWR)) <= STANDARD:
        pass
    os.close(found)


def settle() -> None:
    """What is loaded by now stays until the end: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20, 100)
