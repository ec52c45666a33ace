"""Takes the transport away: polls, batches and frames dissolve into events on one timeline.

What decides is the message, never the URL: an exchange is Bayeux when its request holds Bayeux messages.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from replay.bayeux import channels
from replay.bayeux.replies import asked_by
from replay.distil import bodies, notes
from replay.distil.bodies import Message
from replay.distil.dialects import dialect_of
from replay.distil.forgotten import Forgotten
from replay.distil.mishaps import Mishaps
from replay.distil.notes import Notes
from replay.distil.own import Own
from replay.distil.packed import PackedEvent, Packer, Stream
from replay.distil.sightings import Client, Subscription, client_mark, origin_of
from replay.exchange import Exchange
from replay.profiles.profile import Profile
from replay.scenario.check import METHODS, STATUSES

HELD = 0.02
"""Seconds beyond the quickest reply after which a lone connect must have been waiting for its news."""

# No web server is older than 1990; the years after 2100 are somebody's broken clock.
_FIRST, _LAST = 631_152_000.0, 4_102_444_800.0


def unwrap(exchanges: Iterable[Exchange], profile: Profile, aside: Notes) -> Stream:
    """The API's calls and events of a recording, whatever carried them.

    The exchanges are read once, in the order in which their requests began; a list may be in any order.
    """
    unwrapping = _Unwrapping(profile, aside)
    if isinstance(exchanges, list | tuple):
        exchanges = sorted(exchanges, key=lambda each: each.began)
    for exchange in exchanges:
        if not _is_dated(exchange):
            aside.count(notes.TIMES)
        elif not _is_readable(exchange):
            aside.count(notes.ADDRESSES)
        else:
            unwrapping.take(exchange)
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
    def __init__(self, profile: Profile, aside: Notes) -> None:
        self._notes = aside
        self._packer = Packer(profile.session_cookie)
        self._own = Own(profile, aside)
        self._events: list[PackedEvent] = []
        self._waited: list[tuple[PackedEvent, float]] = []
        """Events of replies to polls, each with how long a lone connect took; else 0."""
        self._replies: dict[str, array[float]] = defaultdict(lambda: array("d"))
        """When each client got its replies."""
        self._subscriptions: list[Subscription] = []
        self._clients: dict[str, Client] = {}
        self._dialects: dict[str, str] = {}
        self._forgotten = Forgotten()
        self._mishaps = Mishaps()
        self._quickest = float("inf")

    def take(self, exchange: Exchange) -> None:
        if exchange.frames is not None:
            self._socket(exchange)
            return
        sent = bodies.sent_messages(exchange, self._notes) if _may_be_bayeux(exchange) else None
        if sent:
            self._poll(exchange, sent)
        elif exchange.method != "OPTIONS":
            self._call(exchange)

    def result(self) -> Stream:
        self._find_windows()
        clients = sorted(self._clients.values(), key=lambda each: each.at)
        origins = {client.origin for client in clients}
        calls = self._own.calls(origins)
        return Stream(
            calls=tuple(calls),
            origins=frozenset(origins | {origin_of(call.exchange) for call in calls}),
            events=tuple(sorted(self._events, key=lambda event: event.at)),
            subscriptions=tuple(sorted(self._subscriptions, key=lambda each: each.at)),
            clients=tuple(clients),
            dialects=self._dialects,
            mishaps=self._mishaps.by_client(),
        )

    def _find_windows(self) -> None:
        """Since when each event of a poll may have waited.

        A connect that was held goes out with its news. Any other reply carries what had waited since the
        reply before it.
        """
        for client, replies in self._replies.items():
            self._replies[client] = array("d", sorted(replies))
        for event, took in self._waited:
            if took > HELD + self._quickest:
                event.since = event.at
                continue
            replies = self._replies[event.client]
            place = bisect_left(replies, event.at)
            event.since = replies[place - 1] if place else min(event.since, event.at)

    def _call(self, exchange: Exchange) -> None:
        if self._own.is_page(exchange):
            return
        if exchange.method not in METHODS:
            self._notes.count(notes.METHODS)
        elif exchange.status is None or exchange.ended is None or exchange.failure:
            self._notes.count(notes.UNANSWERED)
            self._mishaps.call(exchange)
        elif exchange.status not in STATUSES:
            self._notes.count(notes.STATUSES)
        else:
            self._own.take(self._packer.call(exchange))

    # Bayeux

    def _poll(self, exchange: Exchange, sent: list[Message]) -> None:
        """One HTTP exchange of Bayeux: an aborted or refused poll brought nothing and is passed over."""
        self._mishaps.poll(exchange, sent)
        if exchange.status is None or exchange.answered is None:
            return
        received = bodies.messages(bodies.reply_body(exchange), self._notes)
        if received is None:
            if exchange.status == 200 and exchange.response_body and not exchange.failure:
                self._notes.count(notes.UNREADABLE)
            return
        unanswered = list(sent)
        for reply in (message for message in received if "successful" in message):
            request = asked_by(reply, unanswered)
            if request is not None:
                unanswered.remove(request)
                self._answered(exchange, request, exchange.sent, reply, exchange.answered)
        # A handshake has no clientId; its reply, which may bring events along, gives one.
        client = next((str(m["clientId"]) for m in [*sent, *received] if "clientId" in m), "nobody")
        self._meet(client, exchange, exchange.answered, received)
        took = exchange.answered - exchange.sent
        self._quickest = min(self._quickest, took)
        self._replies[client].append(exchange.answered)
        alone = len(sent) == 1 and sent[0]["channel"] == channels.CONNECT
        for event in self._take_events(client, received, exchange.answered, exchange.began):
            self._waited.append((event, took if alone else 0.0))

    def _socket(self, exchange: Exchange) -> None:
        """One WebSocket: replies are found among the frames that follow."""
        asked: dict[str, list[Message]] = defaultdict(list)
        times: dict[int, float] = {}
        client = self._first_client(exchange)
        for frame in exchange.frames or ():
            messages = bodies.messages(frame.content, self._notes) or []
            for message in messages:
                unanswered = asked[str(message["channel"])]
                if frame.from_client:
                    unanswered.append(message)
                    times[id(message)] = frame.at
                    client = str(message.get("clientId", client))
                elif "successful" in message and (request := asked_by(message, unanswered)) is not None:
                    unanswered.remove(request)
                    self._answered(exchange, request, times.pop(id(request)), message, frame.at)
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

    def _answered(
        self, exchange: Exchange, sent: Message, at: float, reply: Message, answered: float
    ) -> None:
        """What the server made of one message: a handshake, a subscription, or a client it does not know."""
        dialect = dialect_of(reply)
        if dialect is not None:
            self._dialects.setdefault(origin_of(exchange), dialect)
        client = str(sent.get("clientId", ""))
        if reply["successful"] is not True:
            advice = reply.get("advice")
            shake_again = isinstance(advice, dict) and advice.get("reconnect") == "handshake"
            if client and (shake_again or str(reply.get("error", "")).startswith(("402", "401"))):
                self._forgotten.note(client, exchange.connection)
            self._mishaps.refused(sent, reply, at)
            return
        self._mishaps.granted(sent, at)
        if sent["channel"] == channels.HANDSHAKE and isinstance(reply.get("clientId"), str):
            self._welcome(exchange, sent, reply, answered)
        elif sent["channel"] == channels.SUBSCRIBE:
            wanted = sent.get("subscription")
            patterns = tuple(map(str, wanted)) if isinstance(wanted, list) else (str(wanted),)
            self._subscriptions.append(Subscription(client=client, patterns=patterns, at=at))

    def _welcome(self, exchange: Exchange, sent: Message, reply: Message, at: float) -> None:
        client = _client(str(reply["clientId"]), exchange, at, sent)
        advice = reply.get("advice")
        client.advice = advice if isinstance(advice, dict) else {}
        client.marks = set(self._packer.marks(exchange))
        if not client.marks:
            before = self._forgotten.comes_back(exchange.connection)
            client.marks = {client_mark(before)} if before else set()
        self._clients[client.name] = client

    def _meet(self, client: str, exchange: Exchange, at: float, received: Iterable[Message]) -> None:
        """A client that shook hands before the recording began is known by what it gets."""
        welcome = any(m.get("successful") is True or _is_event(m) for m in received)
        if welcome and client not in self._clients:
            self._clients[client] = _client(client, exchange, at, {})
        if client in self._clients:
            self._clients[client].marks |= self._packer.marks(exchange)

    def _take_events(
        self, client: str, messages: Iterable[Message], at: float, since: float
    ) -> list[PackedEvent]:
        found = [
            self._packer.event(client, message["channel"], message["data"], at, since)
            for message in messages
            if _is_event(message)
        ]
        self._events += found
        return found


def _may_be_bayeux(exchange: Exchange) -> bool:
    """Without decoding: a body of Bayeux names a channel; the body of a form may be encoded in any way."""
    if exchange.method == "POST":
        form = "form" in exchange.request_header("Content-Type").lower()
        return form or b"channel" in exchange.request_body
    return exchange.method == "GET"


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
