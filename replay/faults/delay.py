"""`delay`: an event comes later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike, Telling
from replay.faults.settings import read_delay


class Delay(Fault):
    """An event comes later; others may overtake it, and what it sets off keeps its time."""

    by: str = "1s"
    """How much later: a duration or a distribution."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"event"})
    observed: ClassVar[str] = "The event, so much later, after events that were due meanwhile."

    def __post_init__(self) -> None:
        read_delay(self.by)

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:
        """Later."""
        return [msgspec.structs.replace(telling, at=telling.at + strike.seconds("by", self.by))]
