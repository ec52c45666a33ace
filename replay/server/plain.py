"""A plain request, taken apart: HTTP/1.1 in so few ways that nothing of it takes more to tell.

It is kept alive, its body's length is said, no page of another origin makes it, nothing in it is encoded or
escaped, and it is not control's. What is not plain is no error here: aiohttp reads it.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay.server.stage import Stage

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


class Reader:
    """What takes them apart, and keeps what comes again."""

    def __init__(self, stage: Stage, ways: Ways) -> None:
        """Nothing has come yet."""
        self._stage = stage
        self._ways = ways
        self._lines: dict[bytes, Line | None] = {}
        self._once: set[int] = set()
        """Hashes of lines that have come once: what is asked no more is not kept."""
        self._fields: dict[bytes, Fields] = {}
        self._mounts = 0
        """How many CometD paths there were when these were read."""

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
        mounts = len(self._stage.simulator.mounts)
        if mounts != self._mounts or len(self._lines) >= KNOWN_LINES:
            self._lines.clear()
            self._mounts = mounts
        found = self._lines.get(text, _UNREAD)
        if found is _UNREAD:
            found = _read_line(text, self._ways)
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
