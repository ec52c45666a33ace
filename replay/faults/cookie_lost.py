"""`cookie-lost`: the server does not know an agent's cookies any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Act, Fault, Forget, LoseCookies, Seam, Strike


class CookieLost(Fault):
    """The agent's cookies are unknown, as on another node: it gets new ones; its clients are forgotten."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "subscribe", "unsubscribe")
    observed: ClassVar[str] = "A new session cookie with the answer, and `402::Unknown client`."

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """Unknown."""
        return [LoseCookies(), Forget()]
