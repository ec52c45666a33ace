"""Delays as they were seen, but each somebody else's."""

from __future__ import annotations

from typing import ClassVar

from replay.plan.paces.basis import Basis, Wait
from replay.scenario.delays import sample


class Drawn(Basis, frozen=True):
    """Each delay is drawn from all of its kind in the scenario: answers' from answers', events' from events'.

    What follows the same moment may change places; nothing comes before its cause.
    """

    example: ClassVar[str] = "drawn"

    def delay(self, wait: Wait) -> float:
        """Any that was recorded; what is written, where nothing was."""
        if not wait.alike:
            return wait.written
        source = wait.chance("pace")
        return sample(source.choice(wait.alike), source)
