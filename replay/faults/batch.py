"""`batch`: events come together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike, Telling
from replay.faults.settings import read_duration
from replay.scenario.durations import format_duration


class Batch(Fault):
    """Events are kept back for a while, and come together: in one answer to a poll, in one frame."""

    window: str = "500ms"
    """How long they are kept, from the first of them."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"event"})
    decides: ClassVar[str] = "how events share an answer"
    observed: ClassVar[str] = "Several events in one answer or frame, in order, where they came one by one."

    def __post_init__(self) -> None:
        read_duration(self.window)

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:
        """At the end of the window."""
        window = read_duration(self.window)
        closes = strike.link.get(strike.agent, 0.0)
        # One that is delayed may have opened a window that lies ahead.
        if not closes - window <= telling.at < closes:
            closes = strike.link[strike.agent] = telling.at + window
        # What is left of the window: alone it does the same.
        strike.drawn.setdefault("window", format_duration(closes - telling.at))
        # To the microsecond: what comes together shares a moment to the last bit, however that was added up.
        return [msgspec.structs.replace(telling, at=round(closes, 6), together=True)]
