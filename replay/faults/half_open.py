"""`half-open`: a connection stays open, and nothing passes any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Act, Fault, Seam, Sever, Strike


class HalfOpen(Fault):
    """The agent's sockets and held polls stay open, and nothing passes on them any more.

    What is said on them is lost; requests on connections of their own are answered.
    """

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "subscribe", "unsubscribe")
    decides: ClassVar[str] = "the connection"
    observed: ClassVar[str] = (
        "Silence on a connection that stays open, until its own timeout; events said there are lost."
    )

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """Deaf and dumb."""
        return [Sever(how="deafen")]
