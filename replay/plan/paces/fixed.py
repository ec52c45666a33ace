"""One delay for all."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Basis, Wait


class Fixed(Basis, frozen=True):
    """Every answer and every event comes after the same delay; what follows one moment keeps its order."""

    example: ClassVar[str] = "fixed(50ms)"

    time: float
    """The delay."""

    def delay(self, wait: Wait) -> float:  # noqa: ARG002
        """The same for all."""
        return self.time
