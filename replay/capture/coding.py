"""Undoes the content encodings that Python itself knows; the addon undoes others, as mitmproxy can."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any

Fields = tuple[tuple[bytes, bytes], ...]


def undo(message: dict[str, Any], *, keep: bool) -> None:
    """Undo the encodings of the body of a request's or response's state.

    What cannot be undone cannot be cleaned: its body becomes None, unless it is to `keep` its bytes.
    """
    encodings = _encodings(message)
    body = message["content"]
    if not encodings:
        return
    try:
        for encoding in reversed(encodings):
            body = _DECODERS[encoding](body)
    except (KeyError, OSError, EOFError, zlib.error):
        if not keep:
            message["content"] = None
        return
    message["content"] = body
    message["headers"] = tuple(
        (name, b"%d" % len(body) if name.lower() == b"content-length" else value)
        for name, value in without(message["headers"])
    )


def known(message: dict[str, Any]) -> bool:
    """Whether `undo` undoes what the headers name."""
    return all(encoding in _DECODERS for encoding in _encodings(message))


def inflater(message: dict[str, Any]) -> Callable[[bytes], bytes] | None:
    """What undoes the body of a stream piece by piece; None where there is nothing to undo."""
    encodings = [each for each in _encodings(message) if _DECODERS.get(each) is not _as_it_is]
    if not encodings:
        return None
    if len(encodings) > 1 or encodings[0] not in _DECODERS:
        return _nothing
    # 32 more: a header of gzip or of zlib, whichever comes.
    return zlib.decompressobj(zlib.MAX_WBITS + 32).decompress


def without(fields: Fields) -> Fields:
    """Headers that do not name an encoding."""
    return tuple((name, value) for name, value in fields if name.lower() != b"content-encoding")


def _encodings(message: dict[str, Any]) -> list[bytes]:
    values = [value for name, value in message["headers"] if name.lower() == b"content-encoding"]
    return [each.strip() for each in b",".join(values).lower().split(b",")] if values else []


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        # Servers disagree whether `deflate` has a zlib header.
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _as_it_is(body: bytes) -> bytes:
    return body


def _nothing(_: bytes) -> bytes:
    return b""


_DECODERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"": _as_it_is,
    b"identity": _as_it_is,
    b"none": _as_it_is,
    b"gzip": gzip.decompress,
    b"x-gzip": gzip.decompress,
    b"deflate": _inflate,
}
