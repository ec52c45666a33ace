"""`subscribe-refused`: the server grants no subscription."""

from __future__ import annotations

from typing import ClassVar

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Fault, Seam, Strike


class SubscribeRefused(Fault):
    """A subscription fails with 403, in the words of the recorded dialect."""

    error: str = ""
    """Other words for it."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"meta"})
    metas: ClassVar[tuple[str, ...]] = ("subscribe",)
    decides: ClassVar[str] = "the reply"
    observed: ClassVar[str] = "`403:denied_by_security_policy:subscribe_denied`; no events of the channel."

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Denied."""
        return Verdict(failure="subscribe denied", error=self.error)
