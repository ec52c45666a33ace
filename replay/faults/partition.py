"""`partition`: nothing passes between clients and the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Act, Fault, Outage, Seam, Strike


class Partition(Fault):
    """Nothing passes either way, for the time of the rule's `ttl`; what was sent meanwhile arrives then.

    It begins when its rule first strikes, or at `from` where it says of nothing when. A connection that is
    opened meanwhile stands, and is silent.
    """

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    whole_server: ClassVar[bool] = True
    everybody: ClassVar[bool] = True
    decides: ClassVar[str] = "the server"
    observed: ClassVar[str] = "Silence on every connection; then all that was sent meanwhile."

    def acts(self, strike: Strike) -> Sequence[Act]:
        """Silent."""
        until = None if strike.ttl is None else strike.now + strike.ttl
        return [Outage(kind="partition", until=until)]
