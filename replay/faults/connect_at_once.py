"""`connect-at-once`: connects are not held."""

from __future__ import annotations

from typing import ClassVar

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Fault, Seam, Strike


class ConnectAtOnce(Fault):
    """Connects are answered at once, news or none: clients poll as fast as they can."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect",)
    decides: ClassVar[str] = "how long a connect is held"
    observed: ClassVar[str] = "Empty answers to connects over and over; events come as ever."

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Not held."""
        return Verdict(wait=0.0)
