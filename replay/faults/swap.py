"""`swap`: an answer and the events that its request sets off change places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from replay.faults.fault import Act, Fault, Seam, Strike
from replay.faults.fault import Swap as Order
from replay.faults.settings import read_duration


class Swap(Fault):
    """The answer to a request and the events that it sets off change places."""

    first: Literal["answer", "events", ""] = ""
    """What comes first: `answer` or `events`; the other way round than recorded when left out."""
    gap: str = "20ms"
    """Between the two: they travel on connections of their own."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request"})
    follows: ClassVar[bool] = True
    decides: ClassVar[str] = "the order"
    observed: ClassVar[str] = "The events of an operation before its answer, or after it."

    def __post_init__(self) -> None:
        read_duration(self.gap)

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """The other order."""
        return [Order(first=self.first, gap=read_duration(self.gap))]
