"""Writes tnetstrings, the format of mitmproxy's flow files, also where mitmproxy is not installed."""

from __future__ import annotations

from typing import Any


def dumps(value: Any) -> bytes:
    """One value: None, bool, int, float, bytes, str, or lists, tuples and dicts of them.

    Raises `TypeError` for any other.
    """
    match value:
        case bytes():
            return b"%d:%b," % (len(value), value)
        case str():
            # As mitmproxy reads text: bytes that are no UTF-8 come back as they were.
            text = value.encode("utf-8", "surrogateescape")
            return b"%d:%b;" % (len(text), text)
        case None:
            return b"0:~"
        case bool():
            return b"4:true!" if value else b"5:false!"
        case int():
            return _plain(b"%d" % value, b"#")
        case float():
            return _plain(repr(value).encode(), b"^")
        case list() | tuple():
            return _plain(b"".join(map(dumps, value)), b"]")
        case dict():
            return _plain(b"".join(dumps(key) + dumps(item) for key, item in value.items()), b"}")
    raise TypeError(f"a flow file cannot hold {type(value).__name__}")


def _plain(data: bytes, kind: bytes) -> bytes:
    return b"%d:%b%b" % (len(data), data, kind)
