"""The quick way in: plain requests are taken apart, answered and written without aiohttp's stack.

A connection begins here. As long as what comes on it is a plain request (HTTP/1.1, kept alive, a body whose
length is said, no page of another origin, nothing encoded or escaped, not control), it is fed to the stage as
it is and its answer is written as ready bytes. At the first request that is anything else the connection is
handed to aiohttp with all that has come, for good: no request is refused here, none is answered in words of
this file's own. Without httptools, and with `replay serve --no-front`, every connection is aiohttp's.

What aiohttp would say is said byte for byte, so that nobody can tell which of both has answered.
"""

from __future__ import annotations

import asyncio
import http
import re
import sys
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from aiohttp.http import SERVER_SOFTWARE

from replay.clock import wall_time
from replay.server.connections import cut
from replay.server.pressure import Pressure
from replay.server.stage import Begun, Outcome, Stage
from replay.wire import FRAMING, Answer, Cut, Headers, Polled, Request, is_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

try:
    import httptools
except ImportError:
    # Where it has no wheel, all is aiohttp's.
    HAS_PARSER = False
else:
    HAS_PARSER = True

MOST_HEAD = 8_000
"""Bytes of a request's head; aiohttp has a limit of its own for longer ones, and the words for it."""
MOST_BODY = 1 << 18
"""Bytes of a plain request's body."""
MOST_FIELDS = 64
"""Header fields of a plain request; aiohttp has a limit for these too."""
KNOWN_LINES = 4_096
"""Request lines that are kept taken apart: clients ask for the same again."""
LONG_LINE = 512
"""Bytes of a request line that is not kept."""
KNOWN_FIELDS = 1_024
"""Sets of header fields that are kept taken apart, for clients that spread over connections."""
LONG_FIELDS = 2_048
"""Bytes of header fields that are not."""
READY_HEADS = 256
"""Heads of answers that are kept as ready bytes."""
TICK = 5.0
"""Seconds between two looks for connections that have been idle too long."""

_LINE = re.compile(
    rb"(GET|POST|PUT|DELETE|PATCH) "
    rb"((/[A-Za-z0-9._~!$'()*,:@/-]*)(?:\?([A-Za-z0-9._~!$'()*,:@/=&-]*))?) HTTP/1\.1"
)
"""A request line that means what it says, but for `//` and `/.` in it: nothing is escaped."""
_STRANGE = frozenset(
    {
        "content-encoding",
        "expect",
        "http2-settings",
        "origin",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers with which a request is not plain."""
_REASONS = {status.value: status.phrase for status in http.HTTPStatus}
_FORM = "application/x-www-form-urlencoded"
_DIGITS = 9
"""Of a plain body's length: with zeros before it, it might be longer than Python reads numbers."""


class Fields(NamedTuple):
    """The header fields of a plain request."""

    headers: dict[str, str]
    base_url: str
    length: int
    """Bytes of the body."""
    is_form: bool


class Line(NamedTuple):
    """Its request line."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    target: str
    mount: str | None
    """The CometD path it belongs to."""


_UNREAD = Line("", "", (), "", None)


class Ways(Protocol):
    """What knows which paths are whose."""

    def mount_of(self, path: str) -> str | None:
        """The CometD path that a path belongs to."""

    def is_steering(self, path: str) -> bool:
        """Whether it is under control's prefix."""


class Fronts:
    """All connections of one port that are plain so far."""

    def __init__(
        self,
        stage: Stage,
        ways: Ways,
        *,
        otherwise: Callable[[], asyncio.Protocol],
        pressure: Pressure,
        keepalive: float,
    ) -> None:
        """None yet.

        Args:
            otherwise: Makes what takes a connection that is not plain.
            pressure: Told of clients that do not read what they are sent.
            keepalive: Seconds for which one may be idle.
        """
        self.stage = stage
        self.ways = ways
        self.otherwise = otherwise
        self.pressure = pressure
        self.open: set[Front] = set()
        self.tick = 0
        """Looks for idle connections so far."""
        self.is_closing = False
        self._most_ticks = max(1, round(keepalive / TICK))
        self._heads: dict[tuple[int, Headers], _AnswerHead] = {}
        self._lines: dict[bytes, Line | None] = {}
        self._once: set[int] = set()
        """Hashes of lines that have come once: what is asked no more is not kept."""
        self._fields: dict[bytes, Fields] = {}
        self._mounts = 0
        """How many CometD paths there were when these were read."""
        self._date = b"", 0
        self._looks: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None

    def __call__(self) -> asyncio.Protocol:
        """One more connection."""
        return Front(self) if HAS_PARSER else self.otherwise()

    def joins(self, front: Front) -> None:
        """A connection stands."""
        self.open.add(front)
        if self._looks is None:
            self._looks = asyncio.get_running_loop().call_later(TICK, self._look)

    def leaves(self, front: Front) -> None:
        """It has ended, or is aiohttp's now."""
        self.open.discard(front)
        if self._empty is not None and not self.open and not self._empty.done():
            self._empty.set_result(None)

    def _look(self) -> None:
        self.tick += 1
        self._looks = asyncio.get_running_loop().call_later(TICK, self._look) if self.open else None
        for front in [each for each in self.open if self.tick - each.since > self._most_ticks]:
            # Who does not read is `pressure`'s.
            if not front.is_full:
                front.close_if_idle()

    def fields_of(self, block: bytes, head: bytes) -> Fields | None:
        """The fields of a head, taken apart; None when they are not a plain request's."""
        found = self._fields.get(block)
        if found is None:
            found = _read_fields(head)
            if found is not None and len(block) < LONG_FIELDS:
                if len(self._fields) >= KNOWN_FIELDS:
                    self._fields.clear()
                self._fields[block] = found
        return found

    def line_of(self, text: bytes) -> Line | None:
        """A request line, taken apart; None when it is not a plain request's."""
        mounts = len(self.stage.simulator.mounts)
        if mounts != self._mounts or len(self._lines) >= KNOWN_LINES:
            self._lines.clear()
            self._mounts = mounts
        found = self._lines.get(text, _UNREAD)
        if found is _UNREAD:
            found = _read_line(text, self.ways)
            if len(text) < LONG_LINE:
                self._keep_line(text, found)
        return found

    def _keep_line(self, text: bytes, line: Line | None) -> None:
        once = hash(text)
        if once in self._once:
            self._lines[text] = line
            return
        if len(self._once) >= KNOWN_LINES:
            self._once.clear()
        self._once.add(once)

    def head_of(self, status: int, headers: Headers, length: int | None) -> bytes:
        """Status line and headers of an answer, as aiohttp writes them.

        Args:
            length: Bytes of the body; None where there can be none.
        """
        head = self._heads.get((status, headers))
        if head is None:
            head = _answer_head(status, headers)
            # A cookie is somebody's own.
            if not any(name == "Set-Cookie" for name, _ in headers):
                if len(self._heads) >= READY_HEADS:
                    self._heads.clear()
                self._heads[status, headers] = head
        date = b"" if head.has_date else self._date_line()
        if length is None:
            return b"".join((head.start, date, head.end))
        kind = head.kind if length else b""
        return b"%b\r\nContent-Length: %d%b%b%b" % (head.start, length, kind, date, head.end)

    def _date_line(self) -> bytes:
        now = int(wall_time())
        if self._date[1] != now:
            self._date = f"\r\nDate: {formatdate(now, usegmt=True)}".encode(), now
        return self._date[0]

    def reset(self) -> None:
        """Ends all connections with RST."""
        for front in list(self.open):
            front.cut(with_reset=True)

    def close_idle(self) -> None:
        """From now on a connection ends when its answer has gone out, and now if it waits for none."""
        self.is_closing = True
        for front in list(self.open):
            front.close_if_idle()

    async def shut(self, within: float) -> None:
        """Ends all connections; answers under way get so many seconds."""
        self.close_idle()
        if self.open:
            self._empty = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(within):
                    await self._empty
            except TimeoutError:
                for front in list(self.open):
                    front.give_up()
        if self._looks is not None:
            self._looks.cancel()
            self._looks = None


class Front(asyncio.Protocol):
    """One connection: one plain request after another."""

    __slots__ = (
        "_block",
        "_buffer",
        "_fields",
        "_house",
        "_method",
        "_number",
        "_pieces",
        "_transport",
        "is_full",
        "since",
    )

    def __init__(self, house: Fronts) -> None:
        self._house = house
        self._transport: asyncio.Transport
        self._buffer = b""
        """What has come and is not taken apart yet."""
        # Of the request before: all that a client asks has the same fields.
        self._block = b""
        self._fields: Fields | None = None
        self._number = 0
        """The exchange that waits for its answer."""
        self._method = ""
        self.is_full = False
        """Whether the client takes nothing in at present."""
        self._pieces: asyncio.Task[None] | None = None
        self.since = house.tick
        """When it was last at work."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        self._house.joins(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's words
        """The client has gone, or was let go."""
        self._house.leaves(self)
        self._buffer = b""
        number, self._number = self._number, 0
        if number:
            self._house.stage.lose_exchange(number)
            self._house.stage.close_exchange(number)
        if self._pieces is not None:
            self._pieces.cancel()

    def pause_writing(self) -> None:
        """No more requests are taken on while answers pile up."""
        self.is_full = True
        self._house.pressure.paused(self._transport)

    def resume_writing(self) -> None:
        """The client has taken in what there was."""
        self.is_full = False
        self.since = self._house.tick
        self._house.pressure.resumed(self._transport)
        if not self._number:
            self._next()

    def data_received(self, data: bytes) -> None:
        """Some of a request has come, or more than one."""
        if self._buffer:
            data = self._buffer + data
        self._buffer = data
        if self._number or self.is_full:
            if len(data) > MOST_BODY:
                # What a client sends ahead of its answers stays with the kernel.
                self._transport.pause_reading()
            return
        self._go_on()

    def _go_on(self) -> None:
        """Takes on the next that has come in whole; others get their turn before the one behind it."""
        data = self._buffer
        if not data or self._number or self.is_full:
            return
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 and len(data) <= MOST_HEAD:
            self.since = self._house.tick
            return
        fields = self._fields_of(data, end) if 4 <= end <= MOST_HEAD else None
        line = self._line_of(data, fields) if fields is not None else None
        if fields is None or line is None:
            self._hand_over()
            return
        whole = end + fields.length
        if len(data) < whole:
            self.since = self._house.tick
            return
        self._buffer = data[whole:]
        self._ask(line, fields, data[end:whole])

    def _fields_of(self, data: bytes, end: int) -> Fields | None:
        """The header fields; None when they are not a plain request's."""
        block = data[data.find(b"\r\n") : end]
        if block != self._block:
            self._block, self._fields = block, self._house.fields_of(block, data[:end])
        return self._fields

    def _line_of(self, data: bytes, fields: Fields) -> Line | None:
        """The request line; None when it is not a plain request's."""
        line = self._house.line_of(data[: data.find(b"\r\n")])
        if line is None or line.mount is None:
            return line
        takes = line.method == "POST" and not fields.is_form
        mounts = self._house.stage.simulator.mounts
        return line if takes and "long-polling" in mounts[line.mount].connection_types else None

    def _ask(self, line: Line, fields: Fields, body: bytes) -> None:
        stage = self._house.stage
        number = stage.open_exchange(self)
        if stage.is_stopped:
            self._transport.close()
            return
        self._number, self._method = number, line.method
        if line.mount is None:
            stage.feed(
                Request(
                    exchange=number,
                    method=line.method,
                    path=line.path,
                    query=line.query,
                    headers=fields.headers,
                    body=body,
                    base_url=fields.base_url,
                    target=line.target,
                )
            )
            return
        stage.feed(
            Polled(
                exchange=number,
                mount=line.mount,
                transport="long-polling",
                headers=fields.headers,
                body=body,
                base_url=fields.base_url,
                target=line.target,
            )
        )

    def take(self, outcome: Outcome) -> bool:
        """The answer; whether anybody waits for it."""
        if self._transport.is_closing():
            return False
        if isinstance(outcome, Answer):
            body = outcome.body
            if is_empty(self._method, outcome.status):
                body = b""
                head = self._house.head_of(outcome.status, outcome.headers, None)
            else:
                head = self._house.head_of(outcome.status, outcome.headers, len(body))
            self._transport.write(head + body)
            self._over()
        elif isinstance(outcome, Begun):
            self._pieces = asyncio.get_running_loop().create_task(self._in_pieces(outcome))
        else:
            self.cut(with_reset=outcome.reset)
        return True

    def let_go(self) -> None:
        """There will be no answer."""
        self._number = 0
        self._transport.close()

    def _over(self) -> None:
        """An answer has gone out."""
        self._number = 0
        self.since = self._house.tick
        if self._house.is_closing:
            self._transport.close()
        elif self._buffer:
            # In a turn of its own: what is performed now may be another client's.
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._go_on()

    async def _in_pieces(self, begun: Begun) -> None:
        head, stage = begun.head, self._house.stage
        length = None if is_empty(self._method, head.status) else head.length
        self._transport.write(self._house.head_of(head.status, head.headers, length))
        missing, ends = length or 0, None
        while missing > 0 and ends is None:
            effect = await begun.due.get()
            if isinstance(effect, Cut):
                ends = effect
            else:
                self._transport.write(effect.body)
                missing -= len(effect.body)
        stage.close_exchange(self._number)
        self._number, self._pieces = 0, None
        if ends is not None:
            self.cut(with_reset=ends.reset)
        else:
            self._over()

    def cut(self, *, with_reset: bool) -> None:
        """Ends the connection without a word; with FIN behind what was written, unless with RST."""
        self._buffer = b""
        cut(self._transport, with_reset=with_reset)

    def give_up(self) -> None:
        """Ends the connection, also if its client has not read what was written."""
        self.cut(with_reset=False)
        self._transport.abort()

    def close_if_idle(self) -> None:
        """Ends the connection if nobody waits for an answer on it."""
        if not self._number:
            self._transport.close()

    def _hand_over(self) -> None:
        """It is aiohttp's from here on."""
        data, self._buffer = self._buffer, b""
        self._house.leaves(self)
        if self._house.is_closing:
            self._transport.close()
            return
        heir = self._house.otherwise()
        self._transport.set_protocol(heir)
        heir.connection_made(self._transport)
        if self.is_full:
            heir.pause_writing()
        self._transport.resume_reading()
        heir.data_received(data)


class _Found:
    """What httptools finds in a head."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.is_whole = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_whole = True


def _read_fields(head: bytes) -> Fields | None:
    found = _Found()
    try:
        httptools.HttpRequestParser(found).feed_data(head)
        headers = _merged(found.fields)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade, UnicodeDecodeError):
        return None
    if not found.is_whole or headers is None or not _is_plain(headers):
        return None
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > _DIGITS or int(length) > MOST_BODY:
        return None
    is_form = headers.get("content-type", "").lower().startswith(_FORM)
    return Fields(headers, f"http://{headers['host']}", int(length), is_form)


def _read_line(text: bytes, ways: Ways) -> Line | None:
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    method, target, path, query = (
        each.decode("ascii") if each is not None else None for each in found.groups()
    )
    pairs = _pairs(query)
    assert path is not None
    if pairs is None or "//" in path or "/." in path or ways.is_steering(path):
        return None
    return Line(method or "", path, pairs, target or "", ways.mount_of(path))


def _merged(fields: Sequence[tuple[bytes, bytes]]) -> dict[str, str] | None:
    """The fields by their names; None where it takes more to tell: some may stand there only once."""
    if len(fields) > MOST_FIELDS:
        return None
    headers: dict[str, str] = {}
    for name, value in fields:
        key, said = sys.intern(name.decode("ascii").lower()), value.decode("ascii").strip(" \t")
        if key not in headers:
            headers[key] = said
        elif key == "cookie":
            headers[key] += "; " + said
        else:
            return None
    return headers


def _is_plain(headers: dict[str, str]) -> bool:
    kept = headers.get("connection", "keep-alive").lower() == "keep-alive"
    return kept and bool(headers.get("host")) and _STRANGE.isdisjoint(headers)


def _pairs(query: str | None) -> tuple[tuple[str, str], ...] | None:
    """Names and values; None where it takes more to tell."""
    if not query:
        return () if query is None else None
    pairs = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if not name or part.count("=") != 1:
            return None
        pairs.append((name, value))
    return tuple(pairs)


class _AnswerHead(NamedTuple):
    """The head of an answer, around the length of its body."""

    start: bytes
    kind: bytes
    """What a body is that says nothing of it."""
    has_date: bool
    end: bytes


def _answer_head(status: int, headers: Headers) -> _AnswerHead:
    kept = [(name, value) for name, value in headers if name.lower() not in FRAMING]
    names = {name.lower() for name, _ in kept}
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}", *(f"{name}: {value}" for name, value in kept)]
    return _AnswerHead(
        start="\r\n".join(lines).encode(),
        kind=b"" if "content-type" in names else b"\r\nContent-Type: application/octet-stream",
        has_date="date" in names,
        end=b"\r\n\r\n" if "server" in names else f"\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode(),
    )
