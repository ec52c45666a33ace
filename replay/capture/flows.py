"""Reads mitmproxy flow files, without mitmproxy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from replay.capture import encodings, flow_file
from replay.capture.clocks import Moved, moved
from replay.capture.losses import Loss, Losses
from replay.capture.recording import Exchanges, Piece, Progress, Recording, Source
from replay.capture.sockets import joined
from replay.capture.tnetstrings import (
    BrokenError,
    Fields,
    Span,
    fields,
    is_null,
    items,
    text,
    value,
    whole,
    whole_list,
)
from replay.exchange import Exchange, Frame
from replay.wire import Headers

BROKEN = flow_file.BROKEN
ENCODED = Loss(
    "body", "bodies", "left out, being in an encoding that cannot be undone here or not what the header says"
)
TOO_LARGE = Loss("body", "bodies", f"left out, being larger than {encodings.LARGEST >> 20} MB")
BODILESS = Loss("answer", "answers", "recorded without the body")
STEPPED = Loss("time", "times", "put right, the recorder's clock having stepped back")

UNFINISHED = "the recording ended before the exchange did"
NO_PART = -1

_TEXT_FRAME = 1
_ID = b"2:id;36:"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOSSES = {encodings.UNKNOWN: ENCODED, encodings.TOO_LARGE: TOO_LARGE}
_STEP = 0.01
"""Seconds; clocks that are read by several threads differ by less."""


def read(path: Path, progress: Progress | None = None) -> Recording:
    """Find every HTTP exchange and WebSocket of a flow file.

    What is broken is passed over, with a note, and what stands after it is read. Raises `RecordingError` when
    not one flow can be read, or when a mitmproxy older than 9 wrote it.
    """
    index, losses, ending = flow_file.index(path, progress)
    return Recording(path, Exchanges(path, index, exchange_of, progress), losses, ending)


SOURCE = Source(takes=lambda first: first[:1].isdigit(), read=read)


def exchange_of(pieces: Iterator[Piece], losses: Losses) -> Exchange | None:
    """One flow, or the segments of one WebSocket, as an exchange."""
    parts: list[tuple[int, Exchange]] = []
    for place, data, times in pieces:
        flow = None
        try:
            flow = _Flow(place, data)
            parts.append((flow.part, flow.exchange(losses, times)))
        except (KeyError, TypeError, ValueError):
            losses.add(BROKEN, flow.name if flow else f"flow {place}")
    if not parts:
        return None
    return parts[0][1] if parts[0][0] == NO_PART else joined(parts, losses)


class _Flow:
    """A flow of which only what an exchange needs is decoded."""

    def __init__(self, place: int, data: bytes) -> None:
        self._data = data
        self._place = place
        self._top = self._fields(whole(data))
        self._metadata = self._known()

    @property
    def name(self) -> str:
        """How a message names it, as far as it can be read."""
        try:
            request = self._fields(self._top[b"request"])
            return f"flow {self._place} ({text(self._value(request[b'method']))} {self._url(request)})"
        except (KeyError, TypeError, ValueError):
            return f"flow {self._place}"

    @property
    def part(self) -> int:
        """Which segment of a WebSocket it is, or `NO_PART`."""
        return int(self._metadata.get("replay.part", NO_PART))

    def exchange(self, losses: Losses, times: Moved | None) -> Exchange:
        """Raises KeyError, TypeError or ValueError when the flow is not as flows are."""
        request = self._fields(self._top[b"request"])
        response = self._inner(b"response")
        socket = self._inner(b"websocket")
        error = self._inner(b"error")
        began = self._time(request[b"timestamp_start"])
        if began is None:
            raise BrokenError("no time")
        frames = self._frames(socket) if socket else None
        ended, failure = self._end(response, socket, error)
        headers = self._headers(request)
        answer_headers = self._headers(response) if response else ()
        exchange = Exchange(
            number=self._place,
            method=text(self._value(request[b"method"])),
            url=self._url(request),
            request_headers=headers,
            request_body=self._body(request, headers, losses) or b"",
            began=began,
            sent=self._time(request[b"timestamp_end"]) or began,
            status=int(self._value(response[b"status_code"])) if response else None,
            response_headers=answer_headers,
            response_body=self._answer(response, answer_headers, losses) if response else None,
            answered=self._time(response[b"timestamp_start"]) if response else None,
            ended=ended,
            failure=failure,
            connection=self._connection(),
            frames=frames,
            redacted="replay.redacted" in self._metadata,
        )
        return self._in_time(moved(exchange, times) if times else exchange, losses)

    def _in_time(self, exchange: Exchange, losses: Losses) -> Exchange:
        """The exchange, none of whose times is before one that it follows."""
        mended, step = in_time(exchange)
        if step > _STEP:
            losses.add(STEPPED, f"by {step:.3g} s in {self.name}")
        return mended

    def _known(self) -> dict[str, Any]:
        span = self._top.get(b"metadata")
        if span is None or span[1] == span[2]:
            return {}
        known = self._value(span)
        return known if isinstance(known, dict) else {}

    def _connection(self) -> str:
        # What else it says of the connection is long.
        _, start, end = self._top.get(b"client_conn", (0, 0, 0))
        at = self._data.find(_ID, start, end)
        if at >= 0:
            return self._data[at + len(_ID) : at + len(_ID) + 36].decode("latin-1")
        client = self._inner(b"client_conn") or {}
        return text(self._value(client[b"id"]) or "") if b"id" in client else ""

    def _end(
        self, response: Fields | None, socket: Fields | None, error: Fields | None
    ) -> tuple[float | None, str]:
        """When the exchange was over, and why there is no whole answer."""
        ended = self._time(error[b"timestamp"]) if error else None
        if socket:
            ended = self._time(socket[b"timestamp_end"]) or ended
        elif response:
            ended = self._time(response[b"timestamp_end"]) or ended
        if error:
            return ended, text(self._value(error[b"msg"]))
        return ended, "" if ended is not None else UNFINISHED

    def _frames(self, socket: Fields) -> tuple[Frame, ...]:
        made = []
        for message in self._value(socket[b"messages"]):
            kind, from_client, content, at = message[:4]
            if not isinstance(content, bytes) or not math.isfinite(at):
                raise BrokenError("no message")
            made.append(
                Frame(at=float(at), from_client=bool(from_client), content=content, text=kind == _TEXT_FRAME)
            )
        return tuple(made)

    def _url(self, request: Fields) -> str:
        scheme, host = text(self._value(request[b"scheme"])), text(self._value(request[b"host"]))
        port = self._value(request[b"port"])
        shown = f"[{host}]" if ":" in host else host
        if port != _DEFAULT_PORTS.get(scheme):
            shown += f":{port}"
        return f"{scheme}://{shown}{text(self._value(request[b'path']))}"

    def _headers(self, message: Fields) -> Headers:
        data = self._data
        return tuple([_header(data[start:end]) for _, start, end in items(data, message[b"headers"])])

    def _answer(self, response: Fields, headers: Headers, losses: Losses) -> bytes | None:
        body = self._body(response, headers, losses)
        # mitmproxy keeps no bytes of a body that broke off.
        broke_off = self._value(response[b"timestamp_end"]) is None
        if is_null(response[b"content"]) and not broke_off:
            losses.add(BODILESS, self.name)
        return body or None if broke_off else body

    def _body(self, message: Fields, headers: Headers, losses: Losses) -> bytes | None:
        """The decoded body; None when it was not recorded or cannot be decoded."""
        content = self._value(message[b"content"])
        if not content:
            return None if content is None else b""
        if not isinstance(content, bytes):
            raise BrokenError("no body")
        body, trouble = encodings.decoded(content, headers)
        if trouble:
            losses.add(_LOSSES[trouble], self.name)
        return body

    def _time(self, span: Span) -> float | None:
        at = self._value(span)
        if at is None:
            return None
        if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
            raise BrokenError("no time")
        return float(at)

    def _inner(self, name: bytes) -> Fields | None:
        span = self._top.get(name)
        return None if span is None or is_null(span) else self._fields(span)

    def _fields(self, span: Span) -> Fields:
        return fields(self._data, span)

    def _value(self, span: Span) -> Any:
        return value(self._data, span)


@lru_cache(4096)
def _header(pair: bytes) -> tuple[str, str]:
    """Most headers are the same over and over."""
    (_, start, end), (_, begin, stop) = items(pair, whole_list(pair))
    return text(pair[start:end]), text(pair[begin:stop])


def in_time(exchange: Exchange) -> tuple[Exchange, float]:
    """The exchange with no time before one that it follows, and by how much at most one had to be moved."""
    latest = exchange.began
    step = 0.0
    moved: dict[str, Any] = {}
    if exchange.answered is not None and exchange.began <= exchange.answered < exchange.sent:
        # Nobody need read a request to its end to refuse it.
        moved["sent"] = exchange.answered
    for name in ("sent", "answered", "ended"):
        at = moved.get(name, getattr(exchange, name))
        if at is None:
            continue
        if at < latest:
            step = max(step, latest - at)
            moved[name] = latest
        latest = max(latest, at)
    frames = []
    last = exchange.began
    for frame in exchange.frames or ():
        step = max(step, last - frame.at)
        last = max(last, frame.at)
        frames.append(frame if frame.at == last else msgspec.structs.replace(frame, at=last))
    if step > 0 and frames:
        moved["frames"] = tuple(frames)
    return (msgspec.structs.replace(exchange, **moved) if moved else exchange), step
