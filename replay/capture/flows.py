"""Reads mitmproxy flow files, without mitmproxy."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from replay.capture.recording import Recording, count, in_order, unreadable
from replay.errors import RecordingError
from replay.exchange import Exchange, Frame
from replay.wire import Headers

OLDEST = 18
"""The flow format of mitmproxy 9."""

_DEEPEST = 32
_TEXT_FRAME = 1
_DEFAULT_PORTS = {"http": 80, "https": 443}


_CUT = "ends in the middle of a flow"
_FOREIGN = "goes on with something that is no flow"
_NOT_ONE = {
    _CUT: "ends in the middle of its first flow",
    _FOREIGN: "is neither a mitmproxy flow file nor a HAR",
}


class _BrokenError(Exception):
    """Bytes that are no tnetstring, or the file ends inside one."""


def read(path: Path) -> Recording:
    """Read every HTTP exchange and WebSocket of a flow file.

    A file that breaks off gives what stands before the break, and a note. Raises `RecordingError` when not
    one flow can be read, or when a mitmproxy older than 9 wrote it.
    """
    exchanges: list[Exchange] = []
    notes: list[str] = []
    skipped = unread = whole = 0
    try:
        with path.open("rb") as file:
            try:
                for flow in _flows(file):
                    _check_version(path, flow)
                    whole += 1
                    if flow.get("type") != "http":
                        skipped += 1
                        continue
                    exchange, unreadable_bodies = _exchange(flow)
                    exchanges.append(exchange)
                    unread += unreadable_bodies
            except _BrokenError as error:
                if not whole:
                    raise RecordingError(f"{path} {_NOT_ONE.get(str(error), error)}.") from None
                were = "was" if whole == 1 else "were"
                notes.append(f"{path} {error}; {count(whole, 'flow')} before it {were} read.")
    except OSError as error:
        raise unreadable(path, error) from error
    if skipped:
        notes.append(f"{path}: {count(skipped, 'flow')} left out, being no HTTP.")
    if unread:
        bodies = count(unread, "body", "bodies")
        notes.append(f"{path}: {bodies} left out, being in an encoding that cannot be undone here.")
    return in_order(path, exchanges, notes)


def _flows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    size = file.seek(0, 2)
    file.seek(0)
    while file.tell() < size:
        digits = b""
        while (byte := file.read(1)).isdigit() and len(digits) < 12:
            digits += byte
        if not byte:
            raise _BrokenError(_CUT)
        if byte != b":" or not digits:
            raise _BrokenError(_FOREIGN)
        length = int(digits)
        if length + 1 > size - file.tell():
            raise _BrokenError(_CUT)
        data, kind = file.read(length), file.read(1)
        flow = _value(kind, data, 0) if kind == b"}" else None
        if not isinstance(flow, dict) or "version" not in flow:
            raise _BrokenError(_FOREIGN)
        yield flow


def _value(kind: bytes, data: bytes, depth: int) -> Any:
    try:
        match kind:
            case b",":
                return data
            case b";":
                return data.decode("utf-8", "surrogateescape")
            case b"#":
                return int(data)
            case b"^":
                return float(data)
            case b"!":
                return data == b"true"
            case b"~":
                return None
            case b"]" if depth < _DEEPEST:
                return list(_items(data, depth))
            case b"}" if depth < _DEEPEST:
                items = list(_items(data, depth))
                return {_text(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
    except ValueError:
        pass
    raise _BrokenError(_FOREIGN)


def _items(data: bytes, depth: int) -> Iterator[Any]:
    at = 0
    while at < len(data):
        colon = data.find(b":", at, at + 13)
        digits = data[at:colon]
        if colon < 0 or not digits.isdigit():
            raise _BrokenError(_FOREIGN)
        end = colon + 1 + int(digits)
        yield _value(data[end : end + 1], data[colon + 1 : end], depth + 1)
        at = end + 1


def _check_version(path: Path, flow: dict[str, Any]) -> None:
    version = flow["version"]
    if not isinstance(version, int) or version < OLDEST:
        raise RecordingError(
            f"{path} was written by a mitmproxy older than 9 (flow format {_dotted(version)});"
            " open it with a newer one and save it again."
        )


def _dotted(version: object) -> str:
    return ".".join(map(str, version)) if isinstance(version, list) else str(version)


def _exchange(flow: dict[str, Any]) -> tuple[Exchange, int]:
    """One flow as an exchange, and how many of its bodies could not be decoded."""
    try:
        return _checked_exchange(flow)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _BrokenError("goes on with a flow that lacks what every flow has") from error


def _checked_exchange(flow: dict[str, Any]) -> tuple[Exchange, int]:
    request, response, socket = flow["request"], flow["response"], flow.get("websocket")
    request_body, unread = _body(request)
    response_body, unread_answer = _body(response) if response else (None, False)
    # mitmproxy keeps no bytes of a body that broke off.
    if response and response["timestamp_end"] is None:
        response_body = response_body or None
    ended, failure = _end(response, socket, flow["error"])
    exchange = Exchange(
        number=1,
        method=_text(request["method"]),
        url=_url(request),
        request_headers=_headers(request),
        request_body=request_body or b"",
        began=float(request["timestamp_start"]),
        sent=float(request["timestamp_end"] or request["timestamp_start"]),
        status=int(response["status_code"]) if response else None,
        response_headers=_headers(response) if response else (),
        response_body=response_body,
        answered=response["timestamp_start"] if response else None,
        ended=ended,
        failure=failure,
        connection=_text(flow["client_conn"].get("id") or ""),
        frames=tuple(_frame(message) for message in socket["messages"]) if socket else None,
    )
    return exchange, unread + unread_answer


def _end(
    response: dict[str, Any] | None, socket: dict[str, Any] | None, error: dict[str, Any] | None
) -> tuple[float | None, str]:
    """When the exchange was over, and why there is no whole answer."""
    ended = error["timestamp"] if error else None
    if socket:
        ended = socket["timestamp_end"]
    elif response:
        ended = response["timestamp_end"] or ended
    if error:
        return ended, _text(error["msg"])
    return ended, "" if ended is not None else "the recording ended before the exchange did"


def _frame(message: list[Any]) -> Frame:
    kind, from_client, content, at = message[:4]
    return Frame(at=float(at), from_client=bool(from_client), content=content, text=kind == _TEXT_FRAME)


def _url(request: dict[str, Any]) -> str:
    scheme, host, port = _text(request["scheme"]), _text(request["host"]), request["port"]
    shown = f"[{host}]" if ":" in host else host
    if port != _DEFAULT_PORTS.get(scheme):
        shown += f":{port}"
    return f"{scheme}://{shown}{_text(request['path'])}"


def _headers(message: dict[str, Any]) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in message["headers"])


def _text(value: object) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("iso-8859-1")
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not text")


def _body(message: dict[str, Any]) -> tuple[bytes | None, bool]:
    """The decoded body, and whether there is one that cannot be decoded."""
    body: bytes | None = message["content"]
    if not body:
        return body, False
    names = [value for name, value in _headers(message) if name.lower() == "content-encoding"]
    encodings = [each.strip().lower() for each in ",".join(names).split(",") if each.strip()]
    for encoding in reversed(encodings):
        decode = _DECODERS.get(encoding)
        try:
            body = decode(body) if decode else None
        except Exception:  # noqa: BLE001  each library has errors of its own, with no root in common
            body = None
        if body is None:
            return None, True
    return body, False


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        # Servers disagree whether `deflate` has a zlib header.
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _with(module: str, name: str) -> Callable[[bytes], bytes | None]:
    def decode(body: bytes) -> bytes | None:
        try:
            decoder = getattr(import_module(module), name)
        except ImportError:
            return None
        decoded: bytes = decoder(body)
        return decoded

    return decode


def _unzstd(body: bytes) -> bytes | None:
    try:
        library = import_module("zstandard")
    except ImportError:
        return None
    decoded: bytes = library.ZstdDecompressor().decompressobj().decompress(body)
    return decoded


def _plain(body: bytes) -> bytes:
    return body


def _gunzip(body: bytes) -> bytes:
    return zlib.decompress(body, zlib.MAX_WBITS | 16)


_DECODERS: dict[str, Callable[[bytes], bytes | None]] = {
    "identity": _plain,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _with("brotli", "decompress"),
    "zstd": _unzstd,
}
