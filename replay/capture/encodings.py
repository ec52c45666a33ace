"""Undoes content encodings, within bounds, and brings JSON to UTF-8."""

from __future__ import annotations

import codecs
import io
import json
import zlib
from collections.abc import Callable
from importlib import import_module

# As in `replay.wire`, which is not there where the recorder uses this file.
Headers = tuple[tuple[str, str], ...]

LARGEST = 64 * 1024 * 1024
"""Bytes of one body; what unpacks to more is a bomb or nothing a scenario could hold."""

UNKNOWN = "encoding"
TOO_LARGE = "size"

_WIDE = (b"\0", b"\x1b")
"""Bytes of charsets other than ASCII that look like it: UTF-16 and ISO-2022."""

_SIPS = 64
"""Bytes given to a decoder that cannot be told where to stop: brotli makes up to 16 MB of a few of them."""


class _TooLargeError(Exception):
    pass


def decoded(body: bytes, headers: Headers) -> tuple[bytes | None, str]:
    """A body without its content encodings, as UTF-8 if it is JSON; else None, and `UNKNOWN` or `TOO_LARGE`.

    A body that is not encoded as its header claims is taken as it is if it is text (or, where the encoding is
    none that is known, JSON).
    """
    if len(body) > LARGEST:
        return None, TOO_LARGE
    plain = body
    for name in reversed(_encodings(headers)):
        decode = _DECODERS.get(name)
        if decode is None:
            if not _is_json(plain):
                return None, UNKNOWN
            continue
        try:
            plain = decode(plain)
        except _TooLargeError:
            return None, TOO_LARGE
        except Exception:  # noqa: BLE001  each library has errors of its own, with no root in common
            if not _is_text(plain):
                return None, UNKNOWN
    return as_utf8(plain, header(headers, "content-type")), ""


def header(headers: Headers, name: str) -> str:
    """The first header of that name, given in lower case, or an empty string."""
    return next((value for key, value in headers if key.lower() == name), "")


def as_utf8(body: bytes, content_type: str) -> bytes:
    """JSON in UTF-8, whatever charset it was sent in; any other body as it is."""
    if body.isascii() and not any(mark in body for mark in _WIDE):
        return body
    kind, _, parameters = content_type.lower().partition(";")
    start = body.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n")[:1]
    if "json" not in kind and start not in (b"{", b"["):
        return body
    declared = _charset(parameters)
    for charset in (*_by_looks(body), declared, "utf-8", "cp1252", "latin-1"):
        try:
            text = body.decode(charset).removeprefix("\ufeff")
        except (LookupError, UnicodeError, ValueError):
            continue
        return text.encode("utf-8", "surrogatepass")
    return body


def _by_looks(body: bytes) -> tuple[str, ...]:
    """UTF-16 and UTF-32 cannot be taken for anything else; nor can UTF-8, but by what escapes (ISO-2022)."""
    looks = json.detect_encoding(body[:4])
    if looks != "utf-8":
        # What only begins as a wide charset would is no such thing.
        return (looks,) if b"\0" in body else ()
    return () if b"\x1b" in body else ("utf-8",)


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            try:
                info = codecs.lookup(value.strip(" \"'"))
            except (LookupError, ValueError):
                return "utf-8"
            # Python knows codecs that are no charsets, such as zip.
            return info.name if info.name not in _NO_CHARSETS else "utf-8"
    return "utf-8"


_NO_CHARSETS = {"base64", "bz2", "hex", "quopri", "rot13", "uu", "zlib", "idna", "punycode", "undefined"}


def _encodings(headers: Headers) -> list[str]:
    named = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    return [each.strip().lower() for each in named.split(",") if each.strip()]


def _is_text(body: bytes) -> bool:
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _inflated(window: int) -> Callable[[bytes], bytes]:
    def decode(body: bytes) -> bytes:
        parts: list[bytes] = []
        room = LARGEST
        while body:
            stream = zlib.decompressobj(window)
            parts.append(stream.decompress(body, room))
            room -= len(parts[-1])
            if stream.unconsumed_tail or room <= 0:
                raise _TooLargeError
            if not stream.eof:
                raise zlib.error("the stream breaks off")
            # A gzip file may be several, one after the other; some servers pad it with zeros.
            body = stream.unused_data.lstrip(b"\0")
            if body and window <= zlib.MAX_WBITS:
                raise zlib.error("something follows the stream")
        return b"".join(parts)

    return decode


def _deflated(body: bytes) -> bytes:
    try:
        return _inflated(zlib.MAX_WBITS)(body)
    except zlib.error:
        # Servers disagree whether `deflate` has a zlib header.
        return _inflated(-zlib.MAX_WBITS)(body)


def _unbrotli(body: bytes) -> bytes:
    stream = import_module("brotli").Decompressor()
    made = bytearray()
    for at in range(0, len(body), _SIPS):
        made += stream.process(body[at : at + _SIPS])
        if len(made) > LARGEST:
            raise _TooLargeError
    if not stream.is_finished():
        raise ValueError("the stream breaks off")
    return bytes(made)


def _unzstd(body: bytes) -> bytes:
    library = import_module("zstandard")
    if library.frame_content_size(body) > LARGEST:
        raise _TooLargeError
    unpacker = library.ZstdDecompressor(max_window_size=LARGEST)
    with unpacker.stream_reader(io.BytesIO(body), read_across_frames=True) as stream:
        made: bytes = stream.read(LARGEST + 1)
    if len(made) > LARGEST:
        raise _TooLargeError
    if body and not made:
        raise ValueError("the stream breaks off")
    return made


def _plain(body: bytes) -> bytes:
    return body


_gunzip = _inflated(zlib.MAX_WBITS | 16)

_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": _plain,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflated,
    "br": _unbrotli,
    "zstd": _unzstd,
}
