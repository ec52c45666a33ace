"""`drop`: an event never comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Fault, Seam, Strike, Telling


class Drop(Fault):
    """An event is lost on the way; the story goes on as if it had come."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"event"})
    decides: ClassVar[str] = "whether the event comes"
    observed: ClassVar[str] = "The events around it, and not this one."

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:  # noqa: ARG002
        """Not at all."""
        return []
