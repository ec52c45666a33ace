"""What has come in and gone out lately, as it was on the wire: kept as it comes, made exchanges later.

The journal says in words what happened; this has the bodies, and of a long run the end only.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_from_bytes, urlencode, urlsplit

import msgspec

from replay.exchange import Exchange, Frame
from replay.wire import (
    FRAMING,
    Answer,
    Begin,
    Close,
    Cut,
    ExchangeLost,
    Headers,
    Piece,
    Polled,
    Request,
    Send,
    SocketLost,
    SocketOpened,
    SocketText,
    is_empty,
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

UNANSWERED = "it had no answer yet when this was written"
UNFINISHED = "its answer was under way when this was written"
WENT_AWAY = "the client went away"
RESET = "the connection was reset"
BROKEN_OFF = "the connection ended before its answer did"

Head = Request | Polled | SocketOpened
Kept = Head | SocketText | SocketLost | ExchangeLost | Answer | Begin | Piece | Cut | Send | Close
"""The inputs and the effects of which a recording is made."""

_SAFE = "".join(map(chr, range(0x21, 0x7F)))


class Conversation(msgspec.Struct, eq=False):
    """One exchange or one socket, and what has passed on it."""

    began: float
    head: Head
    rows: list[tuple[float, Kept]] = []
    """After the head, in order, with their times."""


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


def exchange_of(conversation: Conversation, number: int, *, epoch: float, now: float) -> Exchange:
    """A conversation as a recorder would have seen it that stood beside the client; no frames are in it.

    Args:
        number: Its place in the recording, from 1.
        epoch: Seconds since 1970 at `now` = 0.
        now: What has not ended is told as far as it has come by then.
    """
    head = conversation.head
    began = epoch + conversation.began
    exchange = Exchange(
        number=number,
        method=_method(head),
        url=_url(head),
        request_headers=tuple(head.headers.items()),
        request_body=b"" if isinstance(head, SocketOpened) else _posted(head),
        began=began,
        sent=began,
    )
    if isinstance(head, SocketOpened):
        return _socket(exchange, conversation, epoch=epoch, now=now)
    return _answered(exchange, conversation, epoch=epoch, now=now)


def _method(head: Head) -> str:
    if isinstance(head, Request):
        return head.method
    return "GET" if isinstance(head, SocketOpened) or head.callback else "POST"


def _posted(head: Request | Polled) -> bytes:
    return b"" if isinstance(head, Polled) and head.callback else head.body


def _url(head: Head) -> str:
    target = quote_from_bytes(head.target.encode("utf-8", "surrogateescape"), _SAFE) or _target(head)
    base = head.base_url
    if isinstance(head, SocketOpened):
        # As browsers write it: http becomes ws, and https wss.
        base = f"ws{base.removeprefix('http')}"
    if _is_absolute(target):
        return target
    return base + target if target.startswith("/") else f"{base}/{target}"


def _is_absolute(target: str) -> bool:
    """Whether it is a whole URL, as a client says that takes us for its proxy."""
    try:
        return target.startswith(("http://", "https://")) and bool(urlsplit(target).hostname)
    except ValueError:
        return False


def _target(head: Head) -> str:
    """What was asked for, where the request line is not kept."""
    match head:
        case Request():
            query = f"?{urlencode(head.query)}" if head.query else ""
            return quote(head.path, safe="/:@!$&'()*+,;=~") + query
        case Polled() if head.callback:
            asked = {"jsonp": head.callback, "message": head.body.decode("utf-8", "replace")}
            return f"{head.mount}?{urlencode(asked)}"
        case _:
            return head.mount


def _answered(exchange: Exchange, conversation: Conversation, *, epoch: float, now: float) -> Exchange:
    head: Answer | Begin | None = None
    body = bytearray()
    answered: float | None = None
    ended, failure = now, UNANSWERED
    for at, what in conversation.rows:
        if isinstance(what, Cut | ExchangeLost):
            ended, failure = at, _why(what)
            break
        if isinstance(what, Answer | Begin):
            head, answered, failure = what, epoch + at, UNFINISHED
        if isinstance(what, Answer | Piece):
            body += what.body
        if head is not None and (isinstance(head, Answer) or _is_whole(exchange.method, head, body)):
            ended, failure = at, ""
            break
    if head is None:
        return msgspec.structs.replace(exchange, ended=epoch + ended, failure=failure)
    return msgspec.structs.replace(
        exchange,
        status=head.status,
        response_headers=_sent(head.headers),
        response_body=b"" if is_empty(exchange.method, head.status) else bytes(body),
        answered=answered,
        ended=epoch + ended,
        failure=failure,
    )


def _is_whole(method: str, head: Begin, body: bytearray) -> bool:
    return len(body) >= head.length or is_empty(method, head.status)


def _why(what: Cut | ExchangeLost) -> str:
    if isinstance(what, ExchangeLost):
        return WENT_AWAY
    return RESET if what.reset else BROKEN_OFF


def _sent(headers: Headers) -> Headers:
    """What of them is sent."""
    return tuple((name, value) for name, value in headers if name.lower() not in FRAMING)


def frames_of(conversation: Conversation, *, epoch: float) -> Iterator[Frame]:
    """The messages of a WebSocket, one after another, since there may be very many."""
    for at, what in conversation.rows:
        if not isinstance(what, SocketText | Send):
            return
        text, sent = _is_text(what.body), isinstance(what, SocketText)
        yield Frame(at=epoch + at, from_client=sent, content=what.body, text=text)


def _socket(exchange: Exchange, conversation: Conversation, *, epoch: float, now: float) -> Exchange:
    rest = (row for row in conversation.rows if not isinstance(row[1], SocketText | Send))
    ended, last = next(rest, (now, None))
    return msgspec.structs.replace(
        exchange,
        status=101,
        response_headers=(("Upgrade", "websocket"), ("Connection", "Upgrade")),
        response_body=b"",
        answered=exchange.began,
        ended=epoch + ended,
        failure=_why(last) if isinstance(last, Cut) else "",
        frames=(),
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
