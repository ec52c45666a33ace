"""Delays anywhere between two."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Drawing


class Uniform(Drawing, frozen=True):
    """Each delay is drawn from a uniform distribution; what follows the same moment may change places."""

    example: ClassVar[str] = "uniform(10ms, 50ms)"
    kind: ClassVar[str] = "uniform"

    lowest: float
    """The shortest delay."""
    highest: float
    """The longest delay."""
