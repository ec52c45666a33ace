"""No long silence."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Modifier, Wait


class IdleMax(Modifier, frozen=True):
    """A gap in which nothing happens is shortened to this, before speed.

    Of what follows the same moment each gap is shortened by itself: with `idle-max(2s)`, events 10s and 11s
    after an Accept come 2s and 3s after it. Order stays. A delay that is drawn counts by its median there.
    """

    example: ClassVar[str] = "idle-max(2s)"
    before_speed: ClassVar[bool] = True

    longest: float
    """The longest gap that is kept as it is."""

    def change(self, delay: float, wait: Wait) -> float:
        """The gaps up to `delay`, each shortened."""
        return wait.beside.shortened(delay, self.longest)
