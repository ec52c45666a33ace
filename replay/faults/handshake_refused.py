"""`handshake-refused`: the server takes no new client."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Fault, Seam, Strike


class HandshakeRefused(Fault):
    """A handshake fails with 403, in the words of the recorded dialect."""

    error: str = ""
    """Other words for it."""
    reconnect: Literal["none", "retry", "handshake", ""] = ""
    """Other advice than the dialect's, which is `none`: the client gives up."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"meta"})
    metas: ClassVar[tuple[str, ...]] = ("handshake",)
    decides: ClassVar[str] = "the reply"
    observed: ClassVar[str] = "`403::Handshake denied` and `reconnect: none`: it gives up."

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Denied."""
        advice: dict[str, Any] | None = {"reconnect": self.reconnect} if self.reconnect else None
        return Verdict(failure="handshake denied", error=self.error, advice=advice)
