"""Reads tnetstrings, the form of mitmproxy's flow files, field by field; and writes them.

A tnetstring is `LENGTH:DATA` and a letter for its type. A dictionary is looked into without decoding what it
holds: most of a flow (certificates, timings of sockets) is of no use here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

LONGEST_LENGTH = 12
"""Digits; tnetstrings allow nine, mitmproxy as many as it takes."""

_DEEPEST = 32
_NULL, _BYTES, _TEXT, _INT, _FLOAT, _BOOL, _LIST, _DICT = b"~,;#^!]}"


class BrokenError(ValueError):
    """Bytes that are no tnetstring, or not of the type that is asked for."""


class Span(NamedTuple):
    """A value that is not decoded: its type's letter, and where its data stands."""

    kind: int
    start: int
    end: int


Fields = dict[bytes, Span]


def spans(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Each item of a list or dictionary whose data stands there."""
    at = start
    while at < end:
        colon = data.find(b":", at, at + LONGEST_LENGTH + 1)
        digits = data[at:colon]
        if colon < 0 or not digits.isdigit():
            raise BrokenError("an item without a length")
        stop = colon + 1 + int(digits)
        if stop >= end:
            raise BrokenError("an item longer than what holds it")
        yield Span(data[stop], colon + 1, stop)
        at = stop + 1


def fields(data: bytes, span: Span) -> Fields:
    """A dictionary's values by key."""
    if span.kind != _DICT:
        raise BrokenError("no dictionary")
    found: Fields = {}
    items = spans(data, span.start, span.end)
    for key in items:
        value = next(items, None)
        if value is None:
            raise BrokenError("a key without a value")
        found[data[key.start : key.end]] = value
    return found


def value(data: bytes, span: Span, depth: int = 0) -> Any:
    """What stands there, decoded; text that is no UTF-8 keeps its bytes as surrogates."""
    kind, start, end = span
    if kind == _LIST and depth < _DEEPEST:
        return [value(data, item, depth + 1) for item in spans(data, start, end)]
    if kind == _DICT and depth < _DEEPEST:
        each = fields(data, span).items()
        return {text(data[:0] + key): value(data, item, depth + 1) for key, item in each}
    content = data[start:end]
    try:
        if kind == _BYTES:
            return content
        if kind == _TEXT:
            return content.decode("utf-8", "surrogateescape")
        if kind == _INT:
            return int(content)
        if kind == _FLOAT:
            return float(content)
    except ValueError as error:
        raise BrokenError("no number") from error
    if kind == _BOOL:
        return content == b"true"
    if kind == _NULL:
        return None
    raise BrokenError("a type that does not exist")


def text(content: object) -> str:
    """Text that stands as text or as bytes; mitmproxy keeps what came over the wire as bytes."""
    if isinstance(content, bytes):
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return content.decode("iso-8859-1")
    if isinstance(content, str):
        return content
    raise BrokenError("no text")


class Raw(NamedTuple):
    """A value that has been written before."""

    data: bytes


def dumps(value: Any) -> bytes:
    """One value: None, bool, int, float, bytes, str, `Raw`, or lists, tuples and dicts of them.

    Raises `TypeError` for any other.
    """
    match value:
        case bytes():
            data, kind = value, b","
        case str():
            # As mitmproxy reads text: bytes that are no UTF-8 come back as they were.
            data, kind = value.encode("utf-8", "surrogateescape"), b";"
        case None:
            data, kind = b"", b"~"
        case bool():
            data, kind = (b"true" if value else b"false"), b"!"
        case int():
            data, kind = b"%d" % value, b"#"
        case float():
            data, kind = repr(value).encode(), b"^"
        case Raw():
            return value.data
        case list() | tuple():
            data, kind = b"".join(map(dumps, value)), b"]"
        case dict():
            data, kind = b"".join(dumps(key) + dumps(item) for key, item in value.items()), b"}"
        case _:
            raise TypeError(f"a flow file cannot hold {type(value).__name__}")
    return b"%d:%b%b" % (len(data), data, kind)
