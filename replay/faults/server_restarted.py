"""`server-restarted`: the server forgets all clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Act, Fault, Forget, Seam, Sever, Strike


class ServerRestarted(Fault):
    """All clients of all agents are forgotten, and the connections on which they waited are reset."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "subscribe", "unsubscribe")
    decides: ClassVar[str] = "the connection"
    everybody: ClassVar[bool] = True
    observed: ClassVar[str] = "ECONNRESET, then `402::Unknown client`: everybody shakes hands again."

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """Reset and forgotten."""
        return [Sever(how="reset", everybody=True), Forget(everybody=True)]
