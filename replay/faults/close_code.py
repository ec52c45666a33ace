"""`close-code`: a WebSocket is closed, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from replay.faults.fault import Act, Fault, Seam, Sever, Strike


class CloseCode(Fault):
    """The agent's WebSockets are closed with a code, as by a server that restarts."""

    code: Annotated[int, msgspec.Meta(ge=1000, le=4999)] = 1001
    """The code (RFC 6455, 7.4.1): 1001 going away, 1008 policy, 1011 error, 1012 restart, 4000 and up."""
    reason: Annotated[str, msgspec.Meta(max_length=40)] = ""
    """The text with it."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "subscribe", "unsubscribe", "disconnect")
    transports: ClassVar[tuple[str, ...]] = ("websocket",)
    decides: ClassVar[str] = "the connection"
    observed: ClassVar[str] = "The close code and its reason; it opens another socket."

    def __post_init__(self) -> None:
        if self.code in {1004, 1005, 1006, 1015} or 1016 <= self.code < 3000:
            raise ValueError(f"{self.code} is no code that a close may carry (RFC 6455, 7.4)")

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """Closed."""
        return [Sever(how="code", code=self.code, reason=self.reason)]
