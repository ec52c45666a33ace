"""`unknown-client`: the server does not know a client any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Act, Fault, Forget, Seam, Strike


class UnknownClient(Fault):
    """A client is forgotten: what it sends next fails with 402, in the words of the recorded dialect."""

    error: str = ""
    """Other words for it."""
    advice: dict[str, Any] = msgspec.field(default_factory=dict)
    """Other advice than `reconnect: handshake` with it."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "subscribe", "unsubscribe", "disconnect")
    is_at_home_in_meta: ClassVar[bool] = True
    decides: ClassVar[str] = "the reply"
    observed: ClassVar[str] = "`402::Unknown client` and `reconnect: handshake`: it shakes hands again."

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Forgotten, and told so."""
        advice = dict(self.advice) if self.advice else None
        return Verdict(forget=True, failure="unknown client", error=self.error, advice=advice)

    def acts(self, strike: Strike) -> Sequence[Act]:
        """Where a step strikes, the agent's clients are forgotten."""
        return () if strike.seam == "meta" else [Forget()]
