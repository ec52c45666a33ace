"""`advice`: the server tells a client how to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from replay.bayeux.verdict import Verdict
from replay.faults.fault import Fault, Seam, Strike
from replay.faults.settings import read_duration


class Advice(Fault):
    """A reply tells the client how to go on: whether to come back, how soon, how long it will be held."""

    reconnect: Literal["none", "retry", "handshake", ""] = ""
    """Whether it shall come back; nothing is said of it when left out."""
    interval: str = ""
    """How long it shall wait between connects."""
    timeout: str = ""
    """How long it is told that its connects are held; they are held as before."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"meta"})
    metas: ClassVar[tuple[str, ...]] = ("connect", "handshake")
    example: ClassVar[Mapping[str, Any]] = {"reconnect": "retry", "interval": "5s"}
    observed: ClassVar[str] = (
        "The advice with the reply: it waits so long, or stops. cometd.js stops at `reconnect: handshake`"
        " too: it follows that only where a connect fails."
    )

    def __post_init__(self) -> None:
        if not (self.reconnect or self.interval or self.timeout):
            raise ValueError("nothing is advised; give 'reconnect', 'interval' or 'timeout'")
        for text in (self.interval, self.timeout):
            if text:
                read_duration(text)

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """Said with the reply."""
        advice: dict[str, Any] = {"reconnect": self.reconnect} if self.reconnect else {}
        # CometD ref., "advice": the wire has milliseconds.
        for name, text in (("interval", self.interval), ("timeout", self.timeout)):
            if text:
                advice[name] = round(read_duration(text) * 1000)
        return Verdict(advice=advice)
