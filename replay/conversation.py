"""What has passed on one exchange or one socket, as a recorder beside the client would have seen it."""

from __future__ import annotations

from collections.abc import Iterator
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
