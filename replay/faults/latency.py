"""`latency`: an answer comes later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike
from replay.faults.settings import read_delay
from replay.wire import Answer, Effect, Send


class Latency(Fault):
    """An answer comes later, and what it says with it; the events it sets off keep their time."""

    delay: str = "1s"
    """How much later: a duration, or a distribution such as `lognormal(median 800ms, p99 4s)`."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "meta"})
    observed: ClassVar[str] = "The answer, so much later; beyond its own timeout, that."

    def __post_init__(self) -> None:
        read_delay(self.delay)

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:
        """Later."""
        return [msgspec.structs.replace(answer, at=answer.at + strike.seconds("delay", self.delay))]

    def frame(self, send: Send, strike: Strike) -> Sequence[Effect]:
        """Later."""
        return [msgspec.structs.replace(send, at=send.at + strike.seconds("delay", self.delay))]
