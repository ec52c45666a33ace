"""Reads HAR 1.2 as mitmproxy, Chromium and Firefox write it."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from replay.capture import har_file
from replay.capture.encodings import as_utf8, header
from replay.capture.losses import Loss, Losses
from replay.capture.recording import Exchanges, Piece, Progress, Recording, Source
from replay.exchange import Exchange, Frame
from replay.wire import Headers

BODILESS = Loss("answer", "answers", "recorded without the body")
UNSENT = Loss("request", "requests", "recorded without the body")
FORMS = Loss("form", "forms", "recorded as fields, without the bytes that were sent")
UNTIMED = Loss("entry", "entries", "recorded without timings, so that nobody knows how long the answer took")
SILENT = Loss("WebSocket", "WebSockets", "recorded without the messages (Firefox writes none, Chromium does)")

_NO_BODY = (101, 204, 304)
_WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def read(path: Path, progress: Progress | None = None) -> Recording:
    """Find every entry of a HAR.

    How long a poll was held is its `time`. What browsers leave out (bodies, cookies, the messages of
    WebSockets) is said in notes. Raises `RecordingError` when the file is no HAR or has no entries.
    """
    index, losses, notes = har_file.index(path, progress)
    return Recording(path, Exchanges(path, index, exchange_of, progress), losses, notes)


SOURCE = Source(takes=lambda first: first.startswith((b"{", b"\xef")), read=read)


def exchange_of(pieces: Iterator[Piece], losses: Losses) -> Exchange | None:
    """One entry as an exchange."""
    place, content, _ = next(pieces)
    name = f"entry {place}"
    try:
        entry = _json(content)
        name += f" ({entry['request']['method']} {entry['request']['url']})"
        exchange = _exchange(entry)
    except _WRONG:
        losses.add(har_file.BROKEN, name)
        return None
    for loss in _lost(entry, exchange):
        losses.add(loss, name)
    return exchange


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        # It refuses lone surrogates, which browsers write where JavaScript cut a text in two.
        return json.loads(content)


def _lost(entry: dict[str, Any], exchange: Exchange) -> Iterator[Loss]:
    """What the entry does not say."""
    if not entry.get("timings") and not entry.get("time"):
        yield UNTIMED
    if exchange.status == 101 and entry.get("_webSocketMessages") is None:
        yield SILENT
    if exchange.status is not None and exchange.response_body is None:
        yield BODILESS
    posted = entry["request"].get("postData") or {}
    if posted.get("params") and not posted.get("text"):
        yield FORMS
    elif not exchange.request_body and float(entry["request"].get("bodySize") or 0) > 0:
        yield UNSENT


def _exchange(entry: dict[str, Any]) -> Exchange:
    request, response, timings = entry["request"], entry["response"], entry.get("timings") or {}
    began = dt.datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    took = max(0.0, float(entry.get("time") or 0)) / 1000
    ended = began + (took or sum(_timing(timings, name) for name in _PARTS))
    status = int(response.get("status") or 0) or None
    # What stands in `receive` came after the first byte: a held poll was answered before it.
    answered = max(began, ended - _timing(timings, "receive"))
    sending = sum(_timing(timings, name) for name in _BEFORE)
    frames = _frames(entry, status)
    if frames:
        ended = max(ended, frames[-1].at)
    return Exchange(
        number=1,
        method=str(request["method"]),
        url=str(request["url"]),
        request_headers=_headers(request),
        request_body=_posted(request),
        began=began,
        sent=min(began + sending, answered),
        status=status,
        response_headers=_headers(response),
        response_body=_content(response) if status else None,
        answered=answered if status else None,
        ended=ended,
        failure=_failure(entry, status),
        connection=_connection(entry),
        frames=frames,
        redacted=bool(entry.get("_replay_redacted")),
    )


_BEFORE = ("blocked", "dns", "connect", "send")
# `ssl` is part of `connect` (HAR 1.2, "timings").
_PARTS = (*_BEFORE, "wait", "receive")


def _failure(entry: dict[str, Any], status: int | None) -> str:
    """Why there is no whole answer; Chromium calls what has no body to read aborted, too."""
    if status in _NO_BODY:
        return ""
    said = str(entry["response"].get("_error") or entry.get("_error") or "")
    return said or ("aborted" if status is None else "")


def _connection(entry: dict[str, Any]) -> str:
    """The client's connection; browsers write the server's port where HAR wants one that is unique."""
    known = str(entry.get("_connectionId") or entry.get("connection") or "")
    split = urlsplit(str(entry["request"]["url"]))
    port = split.port or (443 if split.scheme in {"https", "wss"} else 80)
    return "" if known in {str(port), "0"} else known


def _timing(timings: dict[str, Any], name: str) -> float:
    # -1 says that a part does not apply.
    return max(0.0, float(timings.get(name) or 0)) / 1000


def _headers(message: dict[str, Any]) -> Headers:
    # HTTP/2's pseudo-headers stand among the others in Chromium's.
    fields = message.get("headers") or ()
    return tuple((str(f["name"]), str(f["value"])) for f in fields if not str(f["name"]).startswith(":"))


def _posted(request: dict[str, Any]) -> bytes:
    posted = request.get("postData") or {}
    if posted.get("params") and not posted.get("text"):
        return urlencode([(each["name"], each.get("value") or "") for each in posted["params"]]).encode()
    if posted.get("encoding") == "base64":
        return _unbase64(posted.get("text") or "")
    return str(posted.get("text") or "").encode("utf-8", "surrogatepass")


def _content(response: dict[str, Any]) -> bytes | None:
    content = response.get("content") or {}
    text = content.get("text")
    if text is None:
        empty = content.get("size") == 0 or response["status"] in _NO_BODY
        return b"" if empty else None
    if content.get("encoding") == "base64":
        return as_utf8(_unbase64(str(text)), header(_headers(response), "content-type"))
    return str(text).encode("utf-8", "surrogatepass")


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return text.encode()


def _frames(entry: dict[str, Any], status: int | None) -> tuple[Frame, ...] | None:
    messages = entry.get("_webSocketMessages")
    if messages is None:
        return () if status == 101 else None
    frames = []
    for message in messages:
        text = message.get("opcode", 1) == 1
        data = str(message["data"])
        frames.append(
            Frame(
                at=float(message["time"]),
                from_client=message["type"] == "send",
                content=data.encode("utf-8", "surrogatepass") if text else _unbase64(data),
                text=text,
            )
        )
    return tuple(frames)
