"""`duplicate`: an event comes more than once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike, Telling
from replay.faults.settings import read_delay


class Duplicate(Fault):
    """An event comes more than once, the same to the letter."""

    times: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 2
    """How often it comes."""
    gap: str = "0s"
    """Between two of them: a duration or a distribution."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"event"})
    decides: ClassVar[str] = "whether the event comes"
    observed: ClassVar[str] = "The event as often as said."

    def __post_init__(self) -> None:
        read_delay(self.gap)

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:
        """So often."""
        gap = strike.seconds("gap", self.gap)
        return [msgspec.structs.replace(telling, at=telling.at + turn * gap) for turn in range(self.times)]
