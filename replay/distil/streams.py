"""Takes the transport away: polls, batches and frames dissolve into events on one timeline.

What decides is the message, never the URL: an exchange is Bayeux when its request holds Bayeux messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from replay.bayeux import channels
from replay.distil.marks import marks_of
from replay.distil.sightings import Call, Event, Handshake, Stream, Subscription
from replay.exchange import Exchange

JSON_UNSET = msgspec.UNSET


class _Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that travelled together, with the time they did."""

    messages: list[dict[str, Any]]
    at: float


def unwrap(exchanges: Sequence[Exchange], session_cookie: str) -> Stream:
    """The calls and events of a recording, whatever carried them."""
    unwrapping = _Unwrapping(session_cookie)
    for exchange in sorted(exchanges, key=lambda each: each.began):
        unwrapping.take(exchange)
    return unwrapping.result()


class _Unwrapping:
    def __init__(self, session_cookie: str) -> None:
        self._session_cookie = session_cookie
        self._calls: list[Call] = []
        self._events: list[Event] = []
        self._subscriptions: list[Subscription] = []
        self._handshakes: list[Handshake] = []
        self._unfinished = 0

    def take(self, exchange: Exchange) -> None:
        if exchange.frames is not None:
            self._socket(exchange)
            return
        sent = _request_messages(exchange)
        if sent:
            self._poll(exchange, sent)
        elif exchange.method != "OPTIONS":
            self._call(exchange)

    def result(self) -> Stream:
        notes = []
        if self._unfinished:
            notes.append(f"{self._unfinished} requests got no answer in the recording; they are left out")
        return Stream(
            calls=tuple(sorted(self._calls, key=lambda call: call.at)),
            events=tuple(sorted(self._events, key=lambda event: event.at)),
            subscriptions=tuple(sorted(self._subscriptions, key=lambda each: each.at)),
            handshakes=tuple(sorted(self._handshakes, key=lambda each: each.at)),
            notes=tuple(notes),
        )

    def _call(self, exchange: Exchange) -> None:
        if exchange.status is None or exchange.ended is None:
            self._unfinished += 1
            return
        answer = as_json(exchange.response_body or b"")
        self._calls.append(Call(exchange=exchange, body=as_json(exchange.request_body), answer=answer))

    def _poll(self, exchange: Exchange, sent: list[dict[str, Any]]) -> None:
        """One HTTP exchange of Bayeux: an aborted or refused poll brought nothing and is passed over."""
        if exchange.status is None or exchange.answered is None:
            return
        received = _messages(_jsonp_body(exchange))
        if received is None:
            return
        sent_batch = _Batch(messages=sent, at=exchange.sent)
        self._match(exchange, sent_batch, received, exchange.answered)
        client = next((str(m["clientId"]) for m in sent if "clientId" in m), "")
        # A connect that was held goes out with its event; any other reply carries what had waited.
        held = _is_lone_connect(sent) and exchange.answered - exchange.sent > HELD
        since = exchange.answered if held else exchange.began
        self._take_events(client, received, exchange.answered, since)

    def _socket(self, exchange: Exchange) -> None:
        """One WebSocket: replies are found by channel and id among the frames that follow."""
        asked: dict[tuple[str, Any], tuple[dict[str, Any], float]] = {}
        client = ""
        for frame in exchange.frames or ():
            messages = _messages(frame.content)
            for message in messages or ():
                key = (str(message.get("channel")), message.get("id"))
                if frame.from_client:
                    asked[key] = (message, frame.at)
                    client = str(message.get("clientId", client))
                elif "successful" in message and key in asked:
                    request, at = asked.pop(key)
                    self._match(exchange, _Batch(messages=[request], at=at), [message], frame.at)
                    client = str(message.get("clientId", client))
            if not frame.from_client:
                self._take_events(client, messages or (), frame.at, frame.at)

    def _match(
        self, exchange: Exchange, sent: _Batch, received: Iterable[dict[str, Any]], answered: float
    ) -> None:
        """Handshakes and subscriptions of a batch that the server granted."""
        granted = {(m.get("channel"), m.get("id")): m for m in received if m.get("successful") is True}
        for message in sent.messages:
            reply = granted.get((message.get("channel"), message.get("id")))
            if reply is None:
                continue
            if message["channel"] == channels.HANDSHAKE and isinstance(reply.get("clientId"), str):
                self._handshakes.append(self._handshake(exchange, reply, answered))
            elif message["channel"] == channels.SUBSCRIBE:
                wanted = message.get("subscription")
                patterns = tuple(wanted) if isinstance(wanted, list) else (str(wanted),)
                client = str(message.get("clientId", ""))
                self._subscriptions.append(Subscription(client=client, patterns=patterns, at=sent.at))

    def _handshake(self, exchange: Exchange, reply: dict[str, Any], at: float) -> Handshake:
        advice = reply.get("advice")
        if exchange.frames is not None:
            transport = "websocket"
        else:
            transport = "callback-polling" if exchange.method == "GET" else "long-polling"
        return Handshake(
            client=str(reply["clientId"]),
            at=at,
            mount=_mount(exchange.split.path),
            transport=transport,
            advice=advice if isinstance(advice, dict) else {},
            marks=marks_of(exchange, self._session_cookie),
        )

    def _take_events(self, client: str, messages: Iterable[dict[str, Any]], at: float, since: float) -> None:
        for message in messages:
            if "data" in message and "successful" not in message:
                channel = str(message["channel"])
                event = Event(client=client, channel=channel, data=message["data"], at=at, since=since)
                self._events.append(event)


HELD = 0.02
"""Seconds: a lone connect that was answered later than this had been waiting for its news."""

_SUFFIXES = ("/handshake", "/connect", "/disconnect", "/subscribe", "/unsubscribe", "/")


def _mount(path: str) -> str:
    """The CometD path: what clients append to it is taken off."""
    for suffix in _SUFFIXES:
        if path.endswith(suffix) and len(path) > len(suffix):
            return path.removesuffix(suffix)
    return path


def _is_lone_connect(sent: list[dict[str, Any]]) -> bool:
    return len(sent) == 1 and sent[0].get("channel") == channels.CONNECT


def as_json(body: bytes) -> Any:
    """A body as JSON, or unset when it is none."""
    if not body.strip():
        return JSON_UNSET
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return JSON_UNSET


def _messages(body: bytes) -> list[dict[str, Any]] | None:
    """Bayeux messages of a body, or None when it holds none."""
    value = as_json(body)
    messages = value if isinstance(value, list) else [value]
    if messages and all(isinstance(m, dict) and channels.is_channel(m.get("channel")) for m in messages):
        return messages
    return None


def _request_messages(exchange: Exchange) -> list[dict[str, Any]] | None:
    """The Bayeux messages of a request, as body, form or `message` of a JSONP query; none if it is REST."""
    if exchange.method == "POST":
        body = exchange.request_body
        if exchange.request_header("Content-Type").startswith("application/x-www-form-urlencoded"):
            body = "".join(parse_qs(body.decode("utf-8", "replace")).get("message", [])).encode()
    elif exchange.method == "GET" and "message=" in exchange.split.query:
        body = "".join(parse_qs(exchange.split.query).get("message", [])).encode()
    else:
        return None
    messages = _messages(body)
    if messages is None or not any(_is_bayeux(message) for message in messages):
        return None
    return messages


def _is_bayeux(message: dict[str, Any]) -> bool:
    return str(message["channel"]).startswith(channels.META) or "clientId" in message


def _jsonp_body(exchange: Exchange) -> bytes:
    body = exchange.response_body or b""
    if exchange.method == "GET" and b"(" in body:
        return body[body.index(b"(") + 1 : body.rindex(b")")] if b")" in body else b""
    return body
