"""`hang`: a request gets no answer, and its connection stays open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Fault, Seam, Strike
from replay.wire import Answer, Effect, Send


class Hang(Fault):
    """A request gets no answer, and its connection stays open."""

    processed: bool = False
    """Whether what was asked is done all the same: its events come, its answer does not."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "meta"})
    decides: ClassVar[str] = "the answer"
    observed: ClassVar[str] = "Nothing, until its own timeout."

    @property
    def refuses(self) -> bool:
        """Unless it is to be done all the same."""
        return not self.processed

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """Nothing."""
        return []

    def frame(self, send: Send, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """Nothing."""
        return []
