"""Delays about a mean."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Drawing


class Normal(Drawing, frozen=True):
    """Each delay is drawn from a normal distribution; what follows the same moment may change places."""

    example: ClassVar[str] = "normal(40ms, 10ms)"
    kind: ClassVar[str] = "normal"

    mean: float
    """The delay about which they lie; one below zero is none."""
    deviation: float
    """The standard deviation."""
