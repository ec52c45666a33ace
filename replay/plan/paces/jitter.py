"""Delays that are never quite the same."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Modifier, Wait
from replay.scenario.paces import Amount


class Jitter(Modifier, frozen=True):
    """Each delay is moved by up to so much either way, after speed, never below zero.

    What follows the same moment and is close may change places; nothing comes before its cause.
    """

    example: ClassVar[str] = "jitter(20%)"

    most: Amount
    """The furthest that a delay is moved: a share of it such as 20%, or a duration such as 10ms."""

    def change(self, delay: float, wait: Wait) -> float:
        """The delay, somewhere about where it was."""
        reach = self.most.of(delay)
        return max(0.0, delay + wait.chance("jitter").uniform(-reach, reach))
