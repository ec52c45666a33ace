"""Writes exchanges as HAR 1.2, WebSockets as Chromium does.

http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

import base64
import datetime as dt
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay.bayeux.cookies import pairs_in
from replay.capture.har_cleaning import MARK
from replay.exchange import Exchange, Frame
from replay.wire import Headers

END = b"\n]}}\n"
SEPARATOR = b",\n"
CLOSE_ENTRY = b"]}"

_SOCKET = "websocket"
_TEXT, _BINARY = 1, 2
"""Opcodes of frames (RFC 6455, 5.2)."""


def beginning(version: str, comment: str = "") -> bytes:
    """What stands before the entries."""
    log = {"version": "1.2", "creator": {"name": "gws-replay", "version": version}, "pages": []}
    said = msgspec.json.encode(log | ({"comment": comment} if comment else {}))
    return b'{"log":' + said[:-1] + b',"entries":[\n'


def entry(exchange: Exchange, *, rules: str = "") -> bytes:
    """One exchange, with the messages it has.

    Args:
        rules: By which it has been cleaned of secrets; whoever reads it leaves it as it is.
    """
    ended = max(exchange.ended or exchange.answered or exchange.sent, exchange.began)
    answered = exchange.answered if exchange.answered is not None else ended
    written: dict[str, Any] = {
        "startedDateTime": _moment(exchange.began),
        "time": _milliseconds(ended - exchange.began),
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {
            "send": _milliseconds(exchange.sent - exchange.began),
            "wait": _milliseconds(answered - exchange.sent),
            "receive": _milliseconds(ended - answered),
        },
    }
    if exchange.connection:
        written["connection"] = exchange.connection
    if rules:
        written[MARK] = rules
    if exchange.frames is not None:
        written["_resourceType"] = _SOCKET
        # Last, for `open_entry`.
        written["_webSocketMessages"] = [_message(frame) for frame in exchange.frames]
    return msgspec.json.encode(written)


def open_entry(exchange: Exchange, *, rules: str = "") -> bytes:
    """A WebSocket up to its messages: `message` makes them, `SEPARATOR` parts them, `CLOSE_ENTRY` ends it."""
    return entry(exchange, rules=rules).removesuffix(CLOSE_ENTRY)


def message(frame: Frame) -> bytes:
    """One message of a WebSocket."""
    return msgspec.json.encode(_message(frame))


def _moment(seconds: float) -> str:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _request(exchange: Exchange) -> dict[str, Any]:
    body = exchange.request_body
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(exchange.request_header("cookie")),
        "headers": _named(exchange.request_headers),
        "queryString": _named(_query(exchange.url)),
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        request["postData"] = {"mimeType": exchange.request_header("content-type"), **_text(body)}
    return request


def _response(exchange: Exchange) -> dict[str, Any]:
    status, body = exchange.status or 0, exchange.response_body
    kind = exchange.response_header("content-type")
    content: dict[str, Any] = {"size": len(body or b""), "mimeType": kind or "application/octet-stream"}
    if body:
        content |= _text(body)
    response: dict[str, Any] = {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": "HTTP/1.1" if status else "",
        "cookies": [
            cookie
            for name, value in exchange.response_headers
            if name.lower() == "set-cookie"
            for cookie in _cookies(value.partition(";")[0])
        ],
        "headers": _named(exchange.response_headers),
        "content": content,
        "redirectURL": exchange.response_header("location"),
        "headersSize": -1,
        "bodySize": len(body) if body is not None else -1,
    }
    if exchange.failure:
        response["_error"] = exchange.failure
    return response


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _named(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": _clean(name), "value": _clean(value)} for name, value in pairs]


def _cookies(header: str) -> list[dict[str, str]]:
    return _named(tuple((name, unquote(value)) for name, value in pairs_in(header) if name))


def _query(url: str) -> Headers:
    _, mark, query = url.partition("?")
    return tuple(parse_qsl(query.partition("#")[0], keep_blank_values=True)) if mark else ()


def _clean(text: str) -> str:
    """Bytes that are no UTF-8 cannot stand in JSON."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text(body: bytes) -> dict[str, str]:
    """A body as text, or where it is none as base64."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _message(frame: Frame) -> dict[str, Any]:
    return {
        "type": "send" if frame.from_client else "receive",
        "time": frame.at,
        "opcode": _TEXT if frame.text else _BINARY,
        "data": frame.content.decode() if frame.text else base64.b64encode(frame.content).decode(),
    }
