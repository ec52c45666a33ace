"""Being told how far an agent is while it plays."""

from __future__ import annotations

from replay.plan.timeline import Ask, Cue
from replay.verify.role import Seen


class Watch:
    """Is told as things happen, and does nothing about it; meant to be derived from."""

    def begins(self, ask: Ask) -> None:
        """A request of its session is made."""

    def saw(self, seen: Seen) -> None:
        """Something was seen."""

    def waits(self, cue: Cue, patience: float) -> None:
        """It has come to an event that nothing it does brings about, and waits so many seconds for it."""
