"""The event loop that we make for a server: uvloop's where it runs, asyncio's elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

STANDARD = 2
"""The last of the descriptors that every program begins with."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes one."""
    try:
        import uvloop  # noqa: PLC0415  not on Windows, not on PyPy
    except ImportError:
        return asyncio.new_event_loop
    _fill_standard()
    return uvloop.new_event_loop


def _fill_standard() -> None:
    """Puts something where a standard stream is closed: libuv aborts if it finds a file of its own there."""
    while (found := os.open(os.devnull, os.O_RDWR)) <= STANDARD:
        pass
    os.close(found)
