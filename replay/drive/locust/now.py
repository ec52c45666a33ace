"""The time in Locust's process, where `replay.clock` cannot be: it stands on asyncio."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since some fixed moment, never going back."""
    return time.monotonic()  # noqa: TID251  the one place of this process where the time is read
