"""Takes the transport away: polls, batches and frames dissolve into events on one timeline.

What decides is the message, never the URL: an exchange is Bayeux when its request holds Bayeux messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from replay.bayeux import channels
from replay.distil import bodies, notes
from replay.distil.bodies import Message, key_of
from replay.distil.dialects import dialect_of
from replay.distil.marks import marks_of
from replay.distil.notes import Notes
from replay.distil.sightings import Call, Client, Event, Stream, Subscription, origin_of
from replay.exchange import Exchange
from replay.scenario.check import METHODS

HELD = 0.02
"""Seconds beyond the quickest reply after which a lone connect must have been waiting for its news."""

# No web server is older than 1990; the years after 2100 are somebody's broken clock.
_FIRST, _LAST = 631_152_000.0, 4_102_444_800.0


def unwrap(exchanges: Sequence[Exchange], session_cookie: str, aside: Notes) -> Stream:
    """The calls and events of a recording, whatever carried them."""
    unwrapping = _Unwrapping(session_cookie, aside)
    dated = [exchange for exchange in exchanges if _is_dated(exchange)]
    aside.count(notes.TIMES, len(exchanges) - len(dated))
    for exchange in sorted(dated, key=lambda each: each.began):
        if _is_readable(exchange):
            unwrapping.take(exchange)
        else:
            aside.count(notes.ADDRESSES)
    return unwrapping.result()


def _is_dated(exchange: Exchange) -> bool:
    times = [exchange.began, exchange.sent, exchange.answered, exchange.ended]
    times += [frame.at for frame in exchange.frames or ()]
    return all(at is None or _FIRST <= at <= _LAST for at in times)


def _is_readable(exchange: Exchange) -> bool:
    try:
        return bool(exchange.split.scheme and exchange.split.netloc)
    except ValueError:
        return False


class _Unwrapping:
    def __init__(self, session_cookie: str, aside: Notes) -> None:
        self._session_cookie = session_cookie
        self._notes = aside
        self._calls: list[Call] = []
        self._events: list[Event] = []
        self._subscriptions: list[Subscription] = []
        self._clients: dict[str, Client] = {}
        self._dialects: dict[str, str] = {}
        self._forgotten: list[tuple[str, str]] = []
        self._delivered: dict[str, float] = {}
        self._quickest = float("inf")

    def take(self, exchange: Exchange) -> None:
        if exchange.frames is not None:
            self._socket(exchange)
            return
        sent = bodies.sent_messages(exchange, self._notes)
        if sent:
            self._poll(exchange, sent)
        elif exchange.method != "OPTIONS":
            self._call(exchange)

    def result(self) -> Stream:
        return Stream(
            calls=tuple(sorted(self._calls, key=lambda call: call.at)),
            events=tuple(sorted(self._events, key=lambda event: event.at)),
            subscriptions=tuple(sorted(self._subscriptions, key=lambda each: each.at)),
            clients=tuple(sorted(self._clients.values(), key=lambda each: each.at)),
            dialects=self._dialects,
        )

    def _call(self, exchange: Exchange) -> None:
        if exchange.method not in METHODS:
            self._notes.count(notes.METHODS)
            return
        if exchange.status is None or exchange.ended is None or exchange.failure:
            self._notes.count(notes.UNANSWERED)
            return
        if exchange.response_body is None:
            self._notes.count(notes.UNRECORDED)
        call = Call(
            exchange=exchange,
            body=bodies.as_json(exchange.request_body, self._notes),
            answer=bodies.as_json(exchange.response_body or b"", self._notes),
            status=exchange.status,
            answered_at=max(exchange.ended, exchange.sent),
        )
        self._calls.append(call)

    # Bayeux

    def _poll(self, exchange: Exchange, sent: list[Message]) -> None:
        """One HTTP exchange of Bayeux: an aborted or refused poll brought nothing and is passed over."""
        if exchange.status is None or exchange.answered is None:
            return
        received = bodies.messages(bodies.reply_body(exchange), self._notes)
        if received is None:
            if exchange.status == 200 and exchange.response_body and not exchange.failure:
                self._notes.count(notes.UNREADABLE)
            return
        for message in sent:
            self._match(exchange, message, exchange.sent, received, exchange.answered)
        # A handshake has no clientId; its reply, which may bring events along, gives one.
        client = next((str(m["clientId"]) for m in [*sent, *received] if "clientId" in m), "nobody")
        self._meet(client, exchange, exchange.answered, received)
        took = exchange.answered - exchange.sent
        self._quickest = min(self._quickest, took)
        # A connect that was held goes out with its event; any other reply carries what had waited.
        held = len(sent) == 1 and sent[0]["channel"] == channels.CONNECT and took > HELD + self._quickest
        waited_since = min(self._delivered.get(client, exchange.began), exchange.answered)
        since = exchange.answered if held else waited_since
        self._delivered[client] = exchange.answered
        self._take_events(client, received, exchange.answered, since)

    def _socket(self, exchange: Exchange) -> None:
        """One WebSocket: replies are found by channel and id among the frames that follow."""
        asked: dict[tuple[str, str], tuple[Message, float]] = {}
        client = self._first_client(exchange)
        for frame in exchange.frames or ():
            messages = bodies.messages(frame.content, self._notes) or []
            for message in messages:
                if frame.from_client:
                    asked[key_of(message)] = (message, frame.at)
                    client = str(message.get("clientId", client))
                elif "successful" in message and key_of(message) in asked:
                    request, at = asked.pop(key_of(message))
                    self._match(exchange, request, at, [message], frame.at)
                    if message["channel"] == channels.HANDSHAKE:
                        client = str(message.get("clientId", client))
            if not frame.from_client:
                self._meet(client, exchange, frame.at, messages)
                self._take_events(client, messages, frame.at, frame.at)

    def _first_client(self, exchange: Exchange) -> str:
        """Whose socket it is before anybody has said so on it: faye shakes hands by HTTP."""
        sent = (frame.content for frame in exchange.frames or () if frame.from_client)
        said = (message for content in sent for message in bodies.messages(content, Notes()) or [])
        return next(
            (str(message["clientId"]) for message in said if "clientId" in message),
            f"socket {exchange.number}",
        )

    def _match(
        self, exchange: Exchange, sent: Message, at: float, received: Iterable[Message], answered: float
    ) -> None:
        """What the server made of one message: a handshake, a subscription, or a client it does not know."""
        reply = next((m for m in received if "successful" in m and key_of(m) == key_of(sent)), None)
        if reply is None:
            return
        dialect = dialect_of(reply)
        if dialect is not None:
            self._dialects.setdefault(origin_of(exchange), dialect)
        client = str(sent.get("clientId", ""))
        if reply["successful"] is not True:
            advice = reply.get("advice")
            shake_again = isinstance(advice, dict) and advice.get("reconnect") == "handshake"
            if client and (shake_again or str(reply.get("error", "")).startswith(("402", "401"))):
                self._forgotten.append((client, exchange.connection))
        elif sent["channel"] == channels.HANDSHAKE and isinstance(reply.get("clientId"), str):
            self._welcome(exchange, sent, reply, answered)
        elif sent["channel"] == channels.SUBSCRIBE:
            wanted = sent.get("subscription")
            patterns = tuple(map(str, wanted)) if isinstance(wanted, list) else (str(wanted),)
            self._subscriptions.append(Subscription(client=client, patterns=patterns, at=at))

    def _welcome(self, exchange: Exchange, sent: Message, reply: Message, at: float) -> None:
        client = _client(str(reply["clientId"]), exchange, at, sent)
        advice = reply.get("advice")
        client.advice = advice if isinstance(advice, dict) else {}
        client.marks = set(marks_of(exchange, self._session_cookie))
        if not client.marks:
            client.marks = self._predecessor(exchange.connection)
        self._clients[client.name] = client

    def _predecessor(self, connection: str) -> set[str]:
        """Without a cookie, who shakes hands after a 402 is told by its connection, or by being alone."""
        same = [name for name, carrier in self._forgotten if connection and carrier == connection]
        names = same or list(dict.fromkeys(name for name, _ in self._forgotten))
        if not same and len(names) != 1:
            return set()
        self._forgotten = [each for each in self._forgotten if each[0] != names[-1]]
        return {client_mark(names[-1])}

    def _meet(self, client: str, exchange: Exchange, at: float, received: Iterable[Message]) -> None:
        """A client that shook hands before the recording began is known by what it gets."""
        welcome = any(m.get("successful") is True or _is_event(m) for m in received)
        if welcome and client not in self._clients:
            self._clients[client] = _client(client, exchange, at, {})
        if client in self._clients:
            self._clients[client].marks |= marks_of(exchange, self._session_cookie)

    def _take_events(self, client: str, messages: Iterable[Message], at: float, since: float) -> None:
        for message in messages:
            channel = message["channel"]
            if not _is_event(message):
                continue
            event = Event(client=client, channel=channel, data=message["data"], at=at, since=since)
            self._events.append(event)


def client_mark(name: str) -> str:
    """The sign that a Bayeux client is."""
    return f"client {name}"


def _client(name: str, exchange: Exchange, at: float, sent: Message) -> Client:
    if exchange.frames is not None:
        transport = "websocket"
    else:
        transport = "callback-polling" if exchange.method == "GET" else "long-polling"
    return Client(
        name=name,
        at=at,
        mount=_mount(exchange.split.path, sent.get("channel")),
        origin=origin_of(exchange),
        transport=transport,
    )


def _is_event(message: Message) -> bool:
    return "data" in message and "successful" not in message


def _mount(path: str, channel: Any) -> str:
    """The CometD path: what clients append to it is taken off."""
    path = path.partition(";")[0]
    suffixes = [channel.removeprefix("/meta")] if channel else ["/connect", "/subscribe", "/unsubscribe"]
    bare = next((path.removesuffix(suffix) for suffix in suffixes if path.endswith(suffix)), path)
    return bare.rstrip("/") or "/"
