"""`bandwidth`: all that an agent gets shares a narrow line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Carried, Fault, Seam, Strike
from replay.faults.settings import read_rate
from replay.faults.slow import sliced
from replay.wire import Answer, Begin, Cut, Effect

SLICE = 1_400
"""Bytes that a packet carries."""


class Bandwidth(Fault):
    """All that an agent gets comes over one line of so many bytes a second, one after the other."""

    rate: str = "16KB/s"
    """Bytes per second: `500B/s`, `64KB/s`."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"traffic"})
    observed: ClassVar[str] = "Answers and events as ever, so much slower; what is large delays what follows."

    def __post_init__(self) -> None:
        read_rate(self.rate)

    def traffic(self, effect: Carried, strike: Strike) -> Sequence[Effect]:
        """Once the line is free, and as fast as it is."""
        rate = read_rate(self.rate)
        since = max(effect.at, strike.link.get(strike.agent, 0.0))
        size = 0 if isinstance(effect, Begin | Cut) else len(effect.body)
        strike.link[strike.agent] = over = since + size / rate
        if isinstance(effect, Answer):
            return sliced(effect, since, rate, SLICE)
        return [msgspec.structs.replace(effect, at=over)]
