"""`ack-lost`: an acknowledgement does not reach the server."""

from __future__ import annotations

from typing import ClassVar

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Fault, Seam, Strike


class AckLost(Fault):
    """An acknowledgement is lost: the server tells again what the client has had already."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect",)
    extension: ClassVar[str] = "ack"
    observed: ClassVar[str] = "With the acknowledgement extension: the events of its last connect again."

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Counts as the one before it."""
        return Verdict(unacknowledged=True)
