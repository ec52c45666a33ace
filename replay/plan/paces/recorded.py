"""The pace of the file."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Basis, Wait


class Recorded(Basis, frozen=True):
    """Delays as the file says; a distribution that stands there is drawn from. Holds where nothing is said.

    Speed alone keeps the order of all that follows the same moment.
    """

    example: ClassVar[str] = "recorded"

    def delay(self, wait: Wait) -> float:
        """What is written."""
        return wait.written
