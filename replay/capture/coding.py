"""Undoes content encodings; those that Python itself does not know the addon undoes, as mitmproxy can."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from . import encodings

Fields = tuple[tuple[bytes, bytes], ...]

_HERE = (b"", b"identity", b"none", b"gzip", b"x-gzip", b"deflate")


def undo(message: dict[str, Any], *, keep: bool) -> None:
    """Undo the encodings of the body of a request's or response's state, and bring JSON to UTF-8.

    What cannot be undone cannot be cleaned: its body becomes None, unless it is to `keep` its bytes.
    """
    fields = message["headers"]
    named = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)
    body, _ = encodings.decoded(message["content"], named)
    if body is None:
        if not keep:
            message["content"] = None
        return
    if body == message["content"]:
        return
    message["content"] = body
    message["headers"] = tuple(
        (name, b"%d" % len(body) if name.lower() == b"content-length" else value)
        for name, value in without(fields)
    )


def known(message: dict[str, Any]) -> bool:
    """Whether `undo` undoes what the headers name."""
    return all(encoding in _HERE for encoding in _encodings(message))


def inflater(message: dict[str, Any]) -> Callable[[bytes], bytes] | None:
    """What undoes the body of a stream piece by piece; None where there is nothing to undo."""
    named = [each for each in _encodings(message) if each not in _HERE[:3]]
    if not named:
        return None
    if len(named) > 1 or named[0] not in _HERE:
        return _nothing
    # 32 more: a header of gzip or of zlib, whichever comes.
    return zlib.decompressobj(zlib.MAX_WBITS + 32).decompress


def without(fields: Fields) -> Fields:
    """Headers that do not name an encoding."""
    return tuple((name, value) for name, value in fields if name.lower() != b"content-encoding")


def _encodings(message: dict[str, Any]) -> list[bytes]:
    values = [value for name, value in message["headers"] if name.lower() == b"content-encoding"]
    return [each.strip() for each in b",".join(values).lower().split(b",")] if values else []


def _nothing(_: bytes) -> bytes:
    return b""
