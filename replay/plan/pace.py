"""How recorded time becomes replay time."""

from __future__ import annotations

import msgspec

SETTLE = 0.005
"""Seconds kept between an answer and what follows it when waits are dropped: they travel apart."""


class Pace(msgspec.Struct, frozen=True):
    """Recorded delays divided by a speed; without a speed waits are dropped and only order stays."""

    speed: float | None = 1.0

    def after(self, base: float, delay: float, *, follows_answer: bool = False) -> float:
        """When something is due that was recorded `delay` seconds after what happened at `base`."""
        if self.speed is None:
            return base + (SETTLE if follows_answer else 0.0)
        return base + delay / self.speed


def parse_speed(text: str) -> Pace:
    """`2` is twice as fast, `max` drops waits.

    Raises:
        ValueError: neither; the message says what is right.
    """
    if text == "max":
        return Pace(None)
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise ValueError(f"speed is a number above 0 (2 is twice as fast) or 'max', not '{text}'")
    return Pace(speed)
