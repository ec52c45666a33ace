"""`connect-held`: a connect is held past its timeout."""

from __future__ import annotations

from typing import ClassVar

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Fault, Seam, Strike
from replay.faults.settings import read_duration


class ConnectHeld(Fault):
    """A connect without news is held longer than the client was told; news still release it."""

    lasts: str = "1h"
    """How long it is held: past the client's own timeout, it gives up first."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect",)
    decides: ClassVar[str] = "how long a connect is held"
    observed: ClassVar[str] = "No answer to a connect until its own timeout; it connects again."

    def __post_init__(self) -> None:
        read_duration(self.lasts)

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Held so long."""
        return Verdict(wait=read_duration(self.lasts))
