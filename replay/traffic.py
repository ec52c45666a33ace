"""What has come in and gone out lately, as it was on the wire: kept as it comes, made exchanges later.

The journal says in words what happened; this has the bodies, and of a long run the end only.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping

from replay.conversation import Conversation, Kept
from replay.wire import (
    Answer,
    Close,
    Cut,
    Piece,
    Polled,
    Request,
    Send,
    SocketLost,
    SocketOpened,
    SocketText,
)

BYTES = 32 << 20
"""Of bodies and headers that are kept."""
ROWS = 200_000
"""Values that are kept, however small."""
ROW = 300
"""Bytes that each counts besides its body and its headers: about what Python takes for it."""
FIELD = 120
"""Bytes that a header counts besides its value."""
PARTS = 64
"""One in so many goes when it is too much: not one value at a time, and not so many that it is felt."""
GROUPED = 1_000
"""Rows that are sorted before others get their turn."""


class Traffic:
    """What has come and gone. When it is too much, the oldest exchanges go, and the oldest frames."""

    def __init__(self, *, most_bytes: int = BYTES, most_rows: int = ROWS) -> None:
        self._most_bytes = most_bytes
        self._most_rows = most_rows
        # Side by side, and not as tuples: that takes a sixth of the memory, and none the collector looks at.
        self._rows: list[Kept | None] = []
        """From `_start` on what is kept."""
        self._times = array("d")
        """When each happened."""
        self._sizes = array("I")
        """How many bytes each counts."""
        self._start = 0
        self._sockets: dict[int, tuple[float, SocketOpened]] = {}
        """Those that were opened before what is kept, and have not ended before it."""
        self.size = 0
        """Bytes that are kept."""
        self.dropped_exchanges = 0
        """How many are kept no longer; a WebSocket counts once nothing of it is."""
        self.dropped_frames = 0
        """How many frames are kept no longer."""

    def __len__(self) -> int:
        return len(self._rows) - self._start

    def keep(self, what: Kept, now: float) -> None:
        """One more value; called for everything that happens, so it does no more than it must."""
        size, kind = ROW, type(what)
        if kind in _WITH_BODY:
            size += len(what.body)  # type: ignore[union-attr]  # mypy cannot follow the set
        if kind in _WITH_FIELDS:
            headers: Mapping[str, str] = what.headers  # type: ignore[union-attr, assignment]  # as above
            size += FIELD * len(headers) + len("".join(headers.values()))
        self._rows.append(what)
        self._times.append(now)
        self._sizes.append(size)
        self.size += size
        if self.size > self._most_bytes or len(self._rows) - self._start > self._most_rows:
            self._drop()

    def _drop(self) -> None:
        """Some more than must go, so that it is not done for every value."""
        rows, start = self._rows, self._start
        bytes_left = self._most_bytes - self._most_bytes // PARTS
        rows_left = self._most_rows - self._most_rows // PARTS
        while start < len(rows) and (self.size > bytes_left or len(rows) - start > rows_left):
            what = rows[start]
            assert what is not None
            self.size -= self._sizes[start]
            self._forget(what, self._times[start])
            rows[start] = None
            start += 1
        self._start = start
        # Half of it at once: each row is moved once at most, however many are kept.
        if start > len(rows) // 2:
            del rows[:start], self._times[:start], self._sizes[:start]
            self._start = 0

    def _forget(self, what: Kept, at: float) -> None:
        """One value is kept no longer."""
        kind = type(what)
        if kind in _FRAMES:
            self.dropped_frames += 1
        elif kind in _ASKED:
            self.dropped_exchanges += 1
        elif isinstance(what, SocketOpened):
            self._sockets[what.socket] = at, what
        elif isinstance(what, SocketLost) and self._sockets.pop(what.socket, None) is not None:
            self.dropped_exchanges += 1

    def conversations(self) -> Iterator[Conversation | None]:
        """What is kept now, in the order in which it began; None now and then, for others to have their turn.

        An exchange whose request is kept no longer is left out.
        """
        # As they are now, whatever comes or goes meanwhile.
        times, rows = self._times[self._start :], self._rows[self._start :]
        found = {number: Conversation(at, head, []) for number, (at, head) in self._sockets.items()}
        for place, (at, what) in enumerate(zip(times, rows, strict=True), 1):
            assert what is not None
            number = _carrier(what)
            if isinstance(what, Request | Polled | SocketOpened):
                found[number] = Conversation(at, what, [])
            elif number in found:
                found[number].rows.append((at, what))
            if not place % GROUPED:
                yield None
        yield from found.values()


_WITH_BODY = frozenset((Request, Polled, SocketText, Answer, Piece, Send))
_WITH_FIELDS = frozenset((Request, Polled, SocketOpened))
_FRAMES = frozenset((SocketText, Send))
_ASKED = frozenset((Request, Polled))


def _carrier(what: Kept) -> int:
    match what:
        case Cut():
            return what.carrier
        case SocketOpened() | SocketText() | SocketLost() | Send() | Close():
            return what.socket
        case _:
            return what.exchange
