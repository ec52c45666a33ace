"""What happened, in order, bounded by count and by bytes; what was pushed out is still counted.

Polls are not in it: how often a client polls is its own affair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from replay.entries import KINDS, Entry, Kind

MAX_ENTRIES = 100_000
"""Entries that the window holds unless more are wanted."""
MAX_BYTES = 64_000_000
"""What they take as JSON at most."""

Listener = Callable[[Entry, bytes], None]


class Journal:
    """A window on what happened: entries without gaps up to the newest, which is always there."""

    def __init__(self, *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        """Nothing has happened yet.

        Args:
            max_entries: How many the window holds, 1 at least.
            max_bytes: What they take as JSON. An entry that is larger by itself stands in the window without
                its detail.
        """
        # As JSON, not as entries: three fifths of the memory, none of which the garbage collector looks at.
        self._lines: list[bytes] = []
        """From `_start` on those of the window."""
        self._start = 0
        self._max_entries = max(1, max_entries)
        self._max_bytes = max_bytes
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Entry).decode
        self._listeners: dict[Kind, tuple[Listener, ...]] = dict.fromkeys(KINDS, ())
        self._before: Counter[str] = Counter()
        self.bytes = 0
        """What the entries of the window take as JSON."""
        self.total = 0
        """How many things happened."""
        self.dropped = 0
        """How many of them were pushed out of the window."""
        self.counts: Counter[str] = Counter()
        """How often each kind of thing happened, also of what the window has lost."""

    @property
    def ever(self) -> Counter[str]:
        """The same, whatever has been forgotten."""
        return self._before + self.counts

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.after(0, len(self)))

    def __len__(self) -> int:
        return len(self._lines) - self._start

    @property
    def first(self) -> int:
        """The number of the oldest entry in the window; of an empty one, what the next will have."""
        return self.total - len(self) + 1

    def after(self, number: int, most: int) -> list[Entry]:
        """The oldest entries of the window that come after the one of this number, `most` at most.

        It costs what it returns, wherever in the window that stands.
        """
        start = self._start + max(0, number + 1 - self.first)
        return [self._decode(line) for line in self._lines[start : start + most]]

    def note(self, kind: Kind, at: float, agent: str, **detail: Any) -> None:
        """One more thing happened that is of no play."""
        self.add(kind, at, agent, "", "", 0.0, detail)

    def add(  # noqa: PLR0917  as it says
        self, kind: Kind, at: float, agent: str, play: str, step: str, late: float, detail: dict[str, Any]
    ) -> None:
        """One more thing happened; in order, since keywords are dear here."""
        self.total += 1
        # Without a default: a Counter has Python look for one.
        self.counts[kind] = self.counts.get(kind, 0) + 1
        at, late = round(at, 6), round(late, 6) if late else 0.0
        # msgspec knows by its identity what it is to leave out: a zero that is given might not be the one.
        entry = (
            Entry(self.total, at, kind, agent, play, step, late, detail)
            if late
            else Entry(self.total, at, kind, agent, play, step, detail=detail)
        )
        line = self._encode(entry)
        for listener in self._listeners[kind]:
            listener(entry, line)
        if len(line) > self._max_bytes:
            line = self._encode(msgspec.structs.replace(entry, detail={"left_out": len(line)}))
        self._lines.append(line)
        self.bytes += len(line)
        if self.bytes > self._max_bytes or len(self._lines) - self._start > self._max_entries:
            self._make_room()

    def tell(self, listener: Callable[[bytes], None]) -> None:
        """Tells of each entry, as a line of JSON: of those there are, then of each as it is made."""
        for line in self._lines[self._start :]:
            listener(line + b"\n")
        self.report(lambda _, line: listener(line + b"\n"))

    def report(self, listener: Listener, kinds: Iterable[Kind] = KINDS) -> None:
        """Hands over each entry of these kinds as it is made, and the JSON of it."""
        for kind in kinds:
            self._listeners[kind] += (listener,)

    def dismiss(self, listener: Listener) -> None:
        """Hands nothing over to it any more."""
        for kind, listeners in self._listeners.items():
            if listener in listeners:
                self._listeners[kind] = tuple(each for each in listeners if each != listener)

    def forget_all(self) -> None:
        """Nothing has happened yet; numbers go on, so that who reads on from one misses nothing."""
        self._lines.clear()
        self._start = self.bytes = 0
        self._before += self.counts
        self.counts.clear()

    def lines(self) -> bytes:
        """The window as JSON Lines."""
        return b"".join(line + b"\n" for line in self._lines[self._start :])

    def _make_room(self) -> None:
        """The oldest go, but never the newest."""
        lines, start = self._lines, self._start
        while self.bytes > self._max_bytes or len(lines) - start > self._max_entries:
            if len(lines) - start == 1:
                break
            self.bytes -= len(lines[start])
            lines[start] = b""
            start += 1
            self.dropped += 1
        self._start = start
        # Half of it at once: each entry is moved once at most, however large the window is.
        if self._start > len(self._lines) // 2:
            del self._lines[: self._start]
            self._start = 0
