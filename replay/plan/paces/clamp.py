"""Delays within bounds."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Modifier, Wait


class Clamp(Modifier, frozen=True):
    """Each delay is brought between two, after speed and last of all.

    What is brought to the same bound keeps its recorded order.
    """

    example: ClassVar[str] = "clamp(5ms, 2s)"

    lowest: float
    """No delay is shorter."""
    highest: float
    """No delay is longer."""

    def __post_init__(self) -> None:
        """Refuses bounds the wrong way round."""
        if self.lowest > self.highest:
            raise ValueError("ends before it begins: the shorter duration stands first")

    def change(self, delay: float, wait: Wait) -> float:  # noqa: ARG002
        """The delay or the nearer bound."""
        return min(max(delay, self.lowest), self.highest)
