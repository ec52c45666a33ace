"""Delays with a long tail, as networks and servers have them."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Drawing


class Lognormal(Drawing, frozen=True):
    """Each delay is drawn from a lognormal distribution; what follows the same moment may change places."""

    example: ClassVar[str] = "lognormal(median 80ms, p99 400ms)"
    kind: ClassVar[str] = "lognormal"

    median: float
    """Half of the delays are below it."""
    p99: float
    """One delay in a hundred is above it."""
