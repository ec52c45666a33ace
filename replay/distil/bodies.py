"""JSON and Bayeux messages out of recorded bodies, made fit to stand in a scenario."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import msgspec

from replay.bayeux import channels
from replay.distil.notes import HALVES, Notes
from replay.exchange import Exchange
from replay.scenario.quick import MAX_DEPTH

Json = Any
Message = dict[str, Any]

# A body stands within the scenario, its steps, a step, its answers and an answer.
_DEPTH = MAX_DEPTH - 8


def as_json(body: bytes, notes: Notes) -> Json:
    """A body as JSON that a scenario can hold, or unset when it is none."""
    if not body.strip():
        return msgspec.UNSET
    try:
        value = msgspec.json.decode(body)
    except UnicodeDecodeError:
        return msgspec.UNSET
    except (ValueError, RecursionError):
        # msgspec refuses lone surrogates, which JavaScript sends when it cuts a text in two.
        value = _with_halves(body, notes) if rb"\ud" in body.lower() else msgspec.UNSET
    return value if _is_shallow(value) else msgspec.UNSET


def _with_halves(body: bytes, notes: Notes) -> Json:
    try:
        value = json.loads(body, parse_constant=_refuse, parse_float=_number)
    except (ValueError, RecursionError):
        return msgspec.UNSET
    if not _is_shallow(value):
        return msgspec.UNSET
    notes.count(HALVES)
    return _mended(value)


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")


def _number(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"{text} is out of range")
    return number


def _mended(value: Json) -> Json:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def _is_shallow(value: Json) -> bool:
    level = [value]
    for _ in range(_DEPTH):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False


def messages(body: bytes, notes: Notes) -> list[Message] | None:
    """Bayeux messages of a body, or None when it holds none."""
    value = as_json(body, notes)
    found = value if isinstance(value, list) else [value]
    if all(isinstance(each, dict) and channels.is_channel(each.get("channel")) for each in found):
        return found
    return None


def sent_messages(exchange: Exchange, notes: Notes) -> list[Message] | None:
    """The Bayeux messages of a request, as body, form or query of a JSONP poll; None if it is REST."""
    if exchange.method == "POST":
        bodies = [exchange.request_body]
        if exchange.request_header("Content-Type").lower().startswith("application/x-www-form-urlencoded"):
            bodies = _fields(exchange.request_body.decode("utf-8", "replace"))
    elif exchange.method == "GET" and "message=" in exchange.split.query:
        bodies = _fields(exchange.split.query)
    else:
        return None
    found: list[Message] = []
    for body in bodies:
        more = messages(body, notes)
        if more is None:
            return None
        found += more
    return found if any(_is_bayeux(message) for message in found) else None


def _fields(form: str) -> list[bytes]:
    try:
        return [text.encode() for text in parse_qs(form).get("message", [])]
    except ValueError:
        return []


def _is_bayeux(message: Message) -> bool:
    return str(message["channel"]).startswith(channels.META) or isinstance(message.get("clientId"), str)


def reply_body(exchange: Exchange) -> bytes:
    """The body of a poll's reply, without the function call that JSONP wraps around it."""
    body = exchange.response_body or b""
    if exchange.method == "GET" and not body.lstrip().startswith(b"["):
        _, _, inner = body.partition(b"(")
        return inner.rpartition(b")")[0]
    return body
