"""Reads HAR 1.2 as mitmproxy, Chromium and Firefox write it."""

from __future__ import annotations

import base64
import binascii
import codecs
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from replay.capture.losses import Loss, Losses
from replay.capture.recording import Advance, Exchanges, Index, Piece, Progress, Recording, unreadable
from replay.errors import RecordingError
from replay.exchange import Exchange, Frame
from replay.wire import Headers

_NO_BODY = (101, 204, 304)

BROKEN = Loss("entry", "entries", "left out, having no request or no time")
BODILESS = Loss("answer", "answers", "recorded without the body")

_WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError, msgspec.DecodeError)


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]


class _Har(msgspec.Struct):
    log: _Log


def read(path: Path, progress: Progress | None = None) -> Recording:
    """Find every entry of a HAR.

    How long a poll was held is its `time`; where a browser left bodies out, a note says how many. Raises
    `RecordingError` when the file is no HAR, is cut short, or has no entries.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    losses = Losses()
    index = _index(path, text, losses, Advance(progress, len(text)))
    if not len(index):
        raise RecordingError(f"{path} is a HAR without an entry that can be used.")
    return Recording(path, Exchanges(path, index, exchange_of, progress), losses)


def _index(path: Path, text: bytes, losses: Losses, advance: Advance) -> Index:
    index = Index(len(text))
    end = 0
    for place, entry in enumerate(_entries(path, text), 1):
        raw = bytes(entry)
        # Each entry stands after the one before it, with nothing but white space and a comma between.
        start = text.find(raw, end)
        advance.by(start + len(raw) - end)
        end = start + len(raw)
        try:
            index.add(_began(msgspec.json.decode(raw, type=_Dated)), place, start, len(raw))
        except _WRONG:
            losses.add(BROKEN)
    advance.done()
    return index


class _Dated(msgspec.Struct):
    startedDateTime: str  # noqa: N815  as HAR calls it


def _began(entry: _Dated) -> float:
    return dt.datetime.fromisoformat(entry.startedDateTime).timestamp()


def _entries(path: Path, text: bytes) -> list[msgspec.Raw]:
    mark = len(codecs.BOM_UTF8) * text.startswith(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(memoryview(text)[mark:], type=_Har).log.entries
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if b'"entries"' in text:
            raise RecordingError(f"{path} is not a whole HAR: its JSON breaks off or is wrong.") from None
    raise RecordingError(f"{path} is neither a mitmproxy flow file nor a HAR.")


def exchange_of(pieces: Iterator[Piece], losses: Losses) -> Exchange | None:
    """One entry as an exchange."""
    _, content = next(pieces)
    try:
        exchange = _exchange(msgspec.json.decode(content))
    except _WRONG:
        losses.add(BROKEN)
        return None
    if exchange.status is not None and exchange.response_body is None:
        losses.add(BODILESS)
    return exchange


def _exchange(entry: dict[str, Any]) -> Exchange:
    request, response, timings = entry["request"], entry["response"], entry.get("timings") or {}
    began = dt.datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    ended = began + max(0.0, float(entry.get("time") or 0)) / 1000
    status = int(response.get("status") or 0) or None
    # What stands in `receive` came after the first byte: a held poll was answered before it.
    answered = max(began, ended - _timing(timings, "receive"))
    sending = sum(_timing(timings, name) for name in ("blocked", "dns", "connect", "send"))
    failure = str(response.get("_error") or entry.get("_error") or "")
    if status is None and not failure:
        failure = "aborted"
    frames = _frames(entry)
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
        failure=failure,
        connection=str(entry.get("connection") or ""),
        frames=frames,
        redacted=bool(entry.get("_replay_redacted")),
    )


def _timing(timings: dict[str, Any], name: str) -> float:
    # -1 says that a part does not apply.
    return max(0.0, float(timings.get(name) or 0)) / 1000


def _headers(message: dict[str, Any]) -> Headers:
    # HTTP/2's pseudo-headers stand among the others in Chromium's.
    fields = message.get("headers") or ()
    return tuple((str(f["name"]), str(f["value"])) for f in fields if not str(f["name"]).startswith(":"))


def _posted(request: dict[str, Any]) -> bytes:
    posted = request.get("postData") or {}
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
        return _unbase64(text)
    return str(text).encode("utf-8", "surrogatepass")


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return text.encode()


def _frames(entry: dict[str, Any]) -> tuple[Frame, ...] | None:
    messages = entry.get("_webSocketMessages")
    if messages is None:
        return None
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
