"""What happened, in order, bounded by count and by bytes; what was pushed out is still counted.

Polls are not in it: how often a client polls is its own affair.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

Kind = Literal[
    "agent",
    "handshake",
    "subscribe",
    "disconnect",
    "play",
    "request",
    "retry",
    "answer",
    "event",
    "held",
    "miss",
    "fault",
    "switch",
]

_ON_TIME = 0.0
"""The one zero that msgspec leaves out: it knows a default by its identity."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened."""

    number: int
    """From 1, without gaps."""
    at: float
    """Seconds since the simulator began, to the microsecond."""
    kind: Kind
    agent: str
    """The agent's user, or its ordinal as `#1`."""
    play: str = ""
    """`SCENARIO#N`, the agent's N-th play of it."""
    step: str = ""
    late: float = _ON_TIME
    """Of an event or an answer: seconds after its time, to the microsecond."""
    detail: dict[str, Any] = {}


class Journal:
    """A window on what happened."""

    def __init__(self, *, max_entries: int = 100_000, max_bytes: int = 64 << 20) -> None:
        self._entries: deque[tuple[int, Entry]] = deque()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0
        self._encoder = msgspec.json.Encoder()
        self.total = 0
        """How many things happened."""
        self.counts: Counter[str] = Counter()
        """How often each kind of thing happened, also of what the window has lost."""

    def __iter__(self) -> Iterator[Entry]:
        return (entry for _, entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def note(
        self,
        kind: Kind,
        at: float,
        agent: str,
        *,
        play: str = "",
        step: str = "",
        late: float = 0.0,
        **detail: Any,
    ) -> None:
        """One more thing happened."""
        self.total += 1
        self.counts[kind] += 1
        entry = Entry(
            number=self.total,
            at=round(at, 6),
            kind=kind,
            agent=agent,
            play=play,
            step=step,
            late=round(late, 6) or _ON_TIME,
            detail=detail,
        )
        size = len(self._encoder.encode(entry))
        self._entries.append((size, entry))
        self._bytes += size
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._bytes -= self._entries.popleft()[0]

    def lines(self) -> bytes:
        """The window as JSON Lines."""
        return b"".join(self._encoder.encode(entry) + b"\n" for entry in self)
