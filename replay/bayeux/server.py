"""A CometD server without a network: batches in, effects out, `now` as an argument.

Duties of the caller: perform the effects in order, say when a waiting exchange or a socket was lost, and call
`wake` when `next_due` has come.
"""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

from replay.bayeux import channels
from replay.bayeux.client_state import Client
from replay.bayeux.cookies import for_page
from replay.bayeux.delivery import JSON_TYPE, Delivery, Pair, Peer
from replay.bayeux.dialects import ErrorKind
from replay.bayeux.messages import EmptyBatchError, MalformedError, Message, parse
from replay.bayeux.states import Happening, State
from replay.wire import Answer, Close, Effect

BROWSER_COOKIE = "BAYEUX_BROWSER"
TEXT_TYPE = ("Content-Type", "text/plain;charset=UTF-8")


class Listener(Protocol):
    """Told what clients do, while their batch is being processed."""

    def welcomed(self, client: Client, peer: Peer, now: float) -> str | None:
        """A handshake; returns the value of the browser cookie to set, or None to set none."""

    def subscribed(self, client: Client, patterns: list[str], now: float) -> None:
        """New subscriptions are live; events published now ride on the reply."""

    def gone(self, client: Client, why: str, now: float) -> None:
        """A client ended; what it had queued is lost."""


class _Turn:
    """One batch while it is being processed."""

    def __init__(self, batch: list[Message], peer: Peer, now: float) -> None:
        self.batch = batch
        self.peer = peer
        self.now = now
        self.dialect = peer.settings.dialect
        self.speaker: Client | None = None
        """Whose batch it is: nobody else's messages are taken from it."""
        self.cookies: list[str] = []
        self.connected = False
        self.welcomed = any(message.get("channel") == channels.HANDSHAKE for message in batch)

    @property
    def forbidden(self) -> str:
        """Why the dialect takes no such batch; empty when it does."""
        if len(self.batch) == 1:
            return ""
        if self.welcomed and self.dialect.handshake_alone:
            return "a handshake comes alone"
        connects = any(message.get("channel") == channels.CONNECT for message in self.batch)
        refused = connects and self.dialect.connect_in_company == "refused"
        return "a connect comes alone" if refused else ""

    def failed(self, reply: Message, kind: ErrorKind, message: Message) -> Message:
        """The reply as a failure, in the dialect's words."""
        named = message.get("subscription", message.get("channel"))
        types = message.get("supportedConnectionTypes", [])
        error = self.dialect.errors[kind].format(
            client=_text(message.get("clientId")),
            channel=named if isinstance(named, str) else "",
            types=",".join(map(str, types)) if isinstance(types, list) else "",
        )
        return reply | {"successful": False, "error": error}


class BayeuxServer:
    """All clients of one server."""

    def __init__(
        self, listener: Listener, new_id: Callable[[], str], wall: Callable[[float], float]
    ) -> None:
        self._listener = listener
        self._new_id = new_id
        self._delivery = Delivery(wall)
        self._by_browser: dict[str, dict[str, Client]] = {}
        self._fresh: dict[str, Client] = {}
        self.clients: dict[str, Client] = {}

    def receive(self, body: bytes, peer: Peer, now: float) -> list[Effect]:
        """One body of messages from a client."""
        try:
            turn = _Turn(parse(body), peer, now)
            if turn.forbidden:
                raise EmptyBatchError(turn.forbidden)
        except MalformedError as error:
            self._refuse(peer, error, now)
            return self._delivery.take_effects()
        client = turn.speaker = None if turn.welcomed else self._speaker(turn)
        if client is not None:
            client.in_batch = True
            self._delivery.bind(client, peer, now)
        pairs = [(message, self._handle(message, turn)) for message in turn.batch]
        if client is not None:
            client.in_batch = False
        self._finish(turn, pairs)
        return self._delivery.take_effects()

    def publish(self, client: Client, event: bytes, now: float) -> None:
        """Queues an encoded event for a client; it goes out with the next `flush`."""
        if client.state is State.GONE:
            return
        limit = client.settings.queue_limit
        if client.pending >= limit:
            self._end(client, f"more than {limit} events waited for it", now)
            return
        client.queue.append(event)
        if not client.in_batch:
            self._fresh[client.id] = client

    def flush(self, now: float) -> None:
        """What was published goes out: events of one moment together, as a server's batch does it."""
        fresh, self._fresh = self._fresh, {}
        for client in fresh.values():
            if client.state is not State.GONE:
                self._delivery.deliver(client, now)

    def exchange_lost(self, exchange: int, now: float) -> None:
        """The client of a waiting exchange went away."""
        self._delivery.exchange_lost(exchange, now)

    def socket_lost(self, socket: int, now: float) -> None:
        """A socket is gone."""
        self._delivery.socket_lost(socket, now)

    def wake(self, now: float) -> None:
        """Answers holds whose deadline has come and forgets clients that stayed silent."""
        for client in self._delivery.due_clients(now, self.clients.get):
            if client.hold is not None:
                self._delivery.release(client, now)
            else:
                self._delivery.dismiss(client, now)
                self._end(client, "it stayed silent", now)

    @property
    def next_due(self) -> float | None:
        """When `wake` has something to do, at the earliest."""
        return self._delivery.next_due

    def take_effects(self) -> list[Effect]:
        """What calls other than `receive` brought about."""
        return self._delivery.take_effects()

    # One message

    def _handle(self, message: Message, turn: _Turn) -> Message:
        channel = message.get("channel")
        reply: Message = {"channel": channel, "successful": True}
        if "id" in message:
            reply["id"] = message["id"]
        if not isinstance(channel, str):
            return turn.failed(reply, "channel missing", message)
        if not channels.is_channel(channel):
            return turn.failed(reply, "channel invalid", message)
        if channel == channels.HANDSHAKE:
            return self._handshake(message, reply, turn)
        client = self.clients.get(_text(message.get("clientId")))
        if client is None or client is not turn.speaker:
            if channel in turn.dialect.handshake_advised_on:
                reply["advice"] = {"reconnect": "handshake", "interval": 0}
            kind: ErrorKind = "unknown client" if "clientId" in message else "client missing"
            return turn.failed(reply, kind, message)
        if turn.dialect.client_id_in_replies:
            reply["clientId"] = client.id
        for extension in client.extensions:
            extension.incoming(client, message, turn.now)
        return self._from_client(client, message, reply, turn)

    def _from_client(self, client: Client, message: Message, reply: Message, turn: _Turn) -> Message:
        match message["channel"]:
            case channels.CONNECT:
                turn.connected = True
                polled = turn.peer.socket is None
                moved = client.polled is not None and client.polled is not polled
                client.polled = polled
                if moved or isinstance(message.get("advice"), dict) or turn.dialect.advice_on_every_connect:
                    reply["advice"] = client.settings.advice
            case channels.SUBSCRIBE:
                return self._subscribe(client, message, reply, turn)
            case channels.UNSUBSCRIBE:
                patterns, reply = _subscription(message, reply, turn)
                for pattern in patterns:
                    client.subscriptions.pop(pattern, None)
            case channels.DISCONNECT:
                self._end(client, "it disconnected", turn.now)
            case channel if channel.startswith(channels.META):
                return turn.failed(reply, "publish denied", message)
        return reply

    def _handshake(self, message: Message, reply: Message, turn: _Turn) -> Message:
        settings = turn.peer.settings
        wanted = message.get("supportedConnectionTypes")
        in_common = isinstance(wanted, list) and any(each in settings.connection_types for each in wanted)
        if turn.dialect.negotiates_types and not in_common:
            return turn.failed(reply, "types unsupported", message)
        client = Client(self._new_id(), base_url=turn.peer.base_url, settings=settings)
        client.extensions = settings.extensions
        # A page that loads scripts cannot take events in any other: CometD's transport forces this as well.
        client.connect_only |= turn.peer.transport == "callback-polling"
        self.clients[client.id] = turn.speaker = client
        self._delivery.bind(client, turn.peer, turn.now)
        minted = self._listener.welcomed(client, turn.peer, turn.now)
        if minted is not None and turn.dialect.browser_cookie is not None:
            cookie = turn.dialect.browser_cookie.format(value=minted)
            turn.cookies.append(for_page(cookie, turn.peer.base_url))
        client.browser = minted if minted is not None else browser_of(turn.peer)
        self._by_browser.setdefault(client.browser, {})[client.id] = client
        client.expect_back(turn.now)
        self._delivery.watch(client)
        return reply | {
            "clientId": client.id,
            "version": "1.0",
            "minimumVersion": "1.0",
            "supportedConnectionTypes": list(settings.connection_types),
            "advice": settings.advice,
        }

    def _subscribe(self, client: Client, message: Message, reply: Message, turn: _Turn) -> Message:
        patterns, reply = _subscription(message, reply, turn)
        if any(pattern.startswith(channels.META) for pattern in patterns):
            return turn.failed(reply, "subscribe denied", message)
        if len(client.subscriptions) + len(patterns) > client.settings.subscription_limit:
            return turn.failed(reply, "subscribe denied", message)
        if patterns:
            client.subscriptions.update(dict.fromkeys(patterns))
            self._listener.subscribed(client, patterns, turn.now)
        return reply

    # The batch as a whole

    def _finish(self, turn: _Turn, pairs: list[Pair]) -> None:
        """Answers the batch, or lets its connect wait."""
        delivery, client, now = self._delivery, turn.speaker, turn.now
        if client is None or client.state is State.GONE:
            delivery.reply(None, turn.peer, pairs, now, *turn.cookies)
            return
        if not turn.connected:
            delivery.reply(client, turn.peer, pairs, now, *turn.cookies)
            return
        if client.hold is not None:
            delivery.supersede(client, now)
            delivery.bind(client, turn.peer, now)
        wait = self._wait(client, turn)
        if wait > 0 and self._is_one_too_many(client):
            wait = 0.0
            pairs = [(request, _many(client, reply)) for request, reply in pairs]
        if wait > 0:
            delivery.hold(client, turn.peer, pairs[0], now + wait)
            return
        delivery.reply(client, turn.peer, pairs, now)
        client.happens(Happening.ANSWERED)
        client.expect_back(now)
        delivery.watch(client)

    def _wait(self, client: Client, turn: _Turn) -> float:
        """Seconds the batch's connect may wait.

        None in company, none for a client's first (see `states`), none when there is news to bring.
        """
        is_first = client.state is State.NEW and turn.dialect.first_connect_at_once
        if len(turn.batch) > 1 or is_first or client.queue:
            return 0.0
        timeout = client.settings.timeout
        advice = turn.batch[0].get("advice")
        wished = advice.get("timeout") if isinstance(advice, dict) else None
        # CometD ref., "advice": timeout is in milliseconds.
        if isinstance(wished, int | float) and not isinstance(wished, bool) and wished >= 0:
            return min(wished, timeout * 1000) / 1000
        return timeout

    def _is_one_too_many(self, client: Client) -> bool:
        """Whether other tabs of its browser hold all the connects that one browser may."""
        limit = client.settings.sessions_per_browser
        if limit < 0 or not client.browser or client.socket is not None:
            return False
        others = self._by_browser[client.browser].values()
        return sum(other.hold is not None for other in others) >= limit

    def _end(self, client: Client, why: str, now: float) -> None:
        if client.hold is not None:
            # The Java client waits for this before it believes that it is disconnected.
            farewell = client.settings.dialect.farewell_advice
            self._delivery.release(client, now, **({"advice": {"reconnect": "none"}} if farewell else {}))
        self._delivery.unbind(client)
        client.happens(Happening.ENDED)
        del self.clients[client.id]
        tabs = self._by_browser[client.browser]
        del tabs[client.id]
        if not tabs:
            del self._by_browser[client.browser]
        self._listener.gone(client, why, now)

    def _speaker(self, turn: _Turn) -> Client | None:
        for message in turn.batch:
            client = self.clients.get(_text(message.get("clientId")))
            if client is not None:
                foreign = turn.peer.exchange is not None and browser_of(turn.peer) != client.browser
                return None if foreign and not client.settings.trust_client_id else client
        return None

    def _refuse(self, peer: Peer, error: MalformedError, now: float) -> None:
        if peer.socket is not None:
            self._delivery.add(Close(socket=peer.socket, at=now, code=1011, reason=str(error)[:100]))
        elif peer.exchange is not None:
            dialect = peer.settings.dialect
            empty = isinstance(error, EmptyBatchError)
            status = dialect.empty_status if empty else dialect.broken_status
            kind, body = (JSON_TYPE, b"[]") if status == 200 else (TEXT_TYPE, str(error).encode())
            self._delivery.add(
                Answer(exchange=peer.exchange, at=now, status=status, headers=(kind,), body=body)
            )


def browser_of(peer: Peer) -> str:
    """The browser cookie a batch came with, or an empty string."""
    jar = SimpleCookie()
    try:
        jar.load(peer.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[BROWSER_COOKIE].value if BROWSER_COOKIE in jar else ""


def _many(client: Client, reply: Message) -> Message:
    """The reply to a connect of a browser that has too many of them (CometD, `multiSessionInterval`)."""
    interval = client.settings.multi_session_interval
    if interval > 0:
        milliseconds = round(interval * 1000)
        return reply | {
            "advice": {"multiple-clients": True, "reconnect": "retry", "interval": milliseconds}
        }
    return reply | {"successful": False, "advice": {"multiple-clients": True, "reconnect": "none"}}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _subscription(message: Message, reply: Message, turn: _Turn) -> tuple[list[str], Message]:
    """The patterns a message names, and the reply, failed if there are none."""
    wanted = message.get("subscription")
    if wanted is None or wanted == []:
        return [], turn.failed(reply, "subscription missing", message)
    reply["subscription"] = wanted
    patterns = wanted if isinstance(wanted, list) else [wanted]
    if not all(channels.is_channel(pattern) for pattern in patterns):
        return [], turn.failed(reply, "subscription invalid", message)
    return patterns, reply
