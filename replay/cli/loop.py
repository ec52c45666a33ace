"""The event loop that commands run on: uvloop where it runs, asyncio elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415  not on Windows, not on PyPy
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)
