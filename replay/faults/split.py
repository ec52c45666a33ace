"""`split`: each event comes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike, Telling


class Split(Fault):
    """An event shares its answer to a poll with no other; on a socket each has a frame of its own anyway."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"event"})
    transports: ClassVar[tuple[str, ...]] = ("long-polling", "callback-polling")
    decides: ClassVar[str] = "how events share an answer"
    observed: ClassVar[str] = "One event in each answer to a poll, where several came together."

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:  # noqa: ARG002
        """Alone."""
        return [msgspec.structs.replace(telling, alone=True)]
