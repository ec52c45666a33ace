"""Reads tnetstrings, the form of mitmproxy's flow files, field by field; and writes them.

A tnetstring is `LENGTH:DATA` and a letter for its type. A dictionary is looked into without decoding what it
holds: most of a flow (certificates, timings of sockets) is of no use here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

LONGEST_LENGTH = 12
"""Digits; tnetstrings allow nine, mitmproxy as many as it takes."""

_DEEPEST = 32
_NULL, _BYTES, _TEXT, _INT, _FLOAT, _BOOL, _LIST, _DICT = b"~,;#^!]}"
# Looking a length up takes a fraction of the time of checking and converting it.
_LENGTHS = {b"%d" % length: length for length in range(4096)}


class BrokenError(ValueError):
    """Bytes that are no tnetstring, or not of the type that is asked for."""


Span = tuple[int, int, int]
"""A value that is not decoded: its type's letter, and where its data begins and ends."""

Fields = dict[bytes, Span]


def whole(data: bytes) -> Span:
    """The dictionary whose data all of it is."""
    return _DICT, 0, len(data)


def whole_list(data: bytes) -> Span:
    """The list whose data all of it is."""
    return _LIST, 0, len(data)


def is_null(span: Span) -> bool:
    """Whether nothing stands there."""
    return span[0] == _NULL


def fields(data: bytes, span: Span) -> Fields:
    """A dictionary's values by key."""
    found: Fields = {}
    each = iter(_items(data, span, _DICT))
    for _, start, stop in each:
        value = next(each, None)
        if value is None:
            raise BrokenError("a key without a value")
        found[data[start:stop]] = value
    return found


def items(data: bytes, span: Span) -> list[Span]:
    """What a list holds."""
    return _items(data, span, _LIST)


def _items(data: bytes, span: Span, wanted: int) -> list[Span]:
    kind, at, end = span
    if kind != wanted:
        raise BrokenError("no list" if wanted == _LIST else "no dictionary")
    found: list[Span] = []
    while at < end:
        colon = data.find(b":", at, at + 13)
        digits = data[at:colon]
        length = _LENGTHS.get(digits)
        if length is None:
            if not digits.isdigit():
                raise BrokenError("an item without a length")
            length = int(digits)
        at = colon + 1 + length
        if colon < 0 or at >= end:
            raise BrokenError("an item longer than what holds it")
        found.append((data[at], colon + 1, at))
        at += 1
    return found


def value(data: bytes, span: Span, depth: int = 0) -> Any:
    """What stands there, decoded; text that is no UTF-8 keeps its bytes as surrogates."""
    kind, start, end = span
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
    if kind == _LIST and depth < _DEEPEST:
        return [value(data, item, depth + 1) for item in items(data, span)]
    if kind == _DICT and depth < _DEEPEST:
        return {text(key): value(data, item, depth + 1) for key, item in fields(data, span).items()}
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
