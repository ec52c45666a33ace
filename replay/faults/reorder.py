"""`reorder`: an event comes after one that is due later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike, Telling
from replay.faults.settings import read_duration


class Reorder(Fault):
    """An event is overtaken by the next one."""

    by: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """How many events overtake it."""
    within: str = "5s"
    """If no so many come within that, it comes all the same."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"event"})
    observed: ClassVar[str] = "The event after the one that is due next."

    def __post_init__(self) -> None:
        read_duration(self.within)

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:  # noqa: ARG002
        """After others."""
        latest = telling.at + read_duration(self.within)
        return [msgspec.structs.replace(telling, at=latest, overtaken_by=self.by)]
