"""`refuse`: nobody gets a connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Act, Fault, Outage, Seam, Strike


class Refuse(Fault):
    """Every new connection is reset, for the time of the rule's `ttl`.

    It begins when its rule first strikes, or at `from` where it says of nothing when.
    """

    cut: bool = False
    """Whether connections that stand are reset too."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    whole_server: ClassVar[bool] = True
    everybody: ClassVar[bool] = True
    decides: ClassVar[str] = "the server"
    observed: ClassVar[str] = "ECONNRESET for every new connection, then service as before."

    def acts(self, strike: Strike) -> Sequence[Act]:
        """Shut."""
        until = None if strike.ttl is None else strike.now + strike.ttl
        return [Outage(kind="refuse", until=until, cut=self.cut)]
