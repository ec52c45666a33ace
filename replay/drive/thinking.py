"""How long a person thinks before each request: as recorded, not at all, or as one says."""

from __future__ import annotations

from collections.abc import Callable

from replay.plan.timeline import Ask
from replay.scenario.delays import EXAMPLES, Delay, parse_delay
from replay.simulator.draws import delay_of

Thinking = Callable[[Ask, str, int], float]
"""Seconds between all that a request waits for and the request: by whom, and in which chat of theirs."""


def no_thinking(_ask: Ask, _agent: str, _chat: int) -> float:
    """Asks as soon as it may."""
    return 0.0


def parse_thinking(text: str, *, seed: int, speed: float | None) -> Thinking:
    """Reads `recorded`, `none`, or a delay such as `2s`, which is drawn anew for each request.

    Args:
        speed: What is recorded is divided by it; at None nobody thinks as recorded.

    Raises:
        ValueError: it is none of these; the message says what would be right.
    """
    if text == "none" or (text == "recorded" and speed is None):
        return no_thinking
    if text == "recorded":
        divisor = speed or 1.0
        return lambda ask, agent, chat: _drawn(ask.think, seed, agent, chat, ask.id) / divisor
    try:
        delay = parse_delay(text)
    except ValueError:
        said = f"recorded, none, 2s or {EXAMPLES['lognormal']}"
        raise ValueError(f"'{text}' says not how long somebody thinks; write {said}") from None
    return lambda ask, agent, chat: _drawn(delay, seed, agent, chat, ask.id)


def _drawn(delay: Delay, seed: int, agent: str, chat: int, step: str) -> float:
    return delay_of(delay, seed, "think", agent, chat, step)
