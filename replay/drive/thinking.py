"""How long a person thinks before each request: not at all, or as one says."""

from __future__ import annotations

from collections.abc import Callable

from replay.plan.timeline import Ask

Thinking = Callable[[Ask, str, int], float]
"""Seconds between all that a request waits for and the request: by whom, and in which chat of theirs."""


def no_thinking(_ask: Ask, _agent: str, _chat: int) -> float:
    """Asks as soon as it may."""
    return 0.0
