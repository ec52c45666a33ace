"""A CometD 3.1 server without a network: batches in, effects out, `now` as an argument.

Duties of the caller: perform the effects in order, say when a waiting exchange or a socket was lost, and call
`wake` when `next_due` has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from replay.bayeux import channels
from replay.bayeux.client_state import Client
from replay.bayeux.delivery import Delivery, Peer, Settings
from replay.bayeux.messages import EmptyBatchError, MalformedError, Message, parse
from replay.bayeux.states import Happening, State
from replay.wire import Answer, Close, Effect

UNKNOWN_CLIENT = "402::Unknown client"
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
        self.speaker: Client | None = None
        """Whose batch it is: nobody else's messages are taken from it."""
        self.cookies: list[str] = []
        self.connected = False
        self.welcomed = any(message.get("channel") == channels.HANDSHAKE for message in batch)


class BayeuxServer:
    """All clients of one server."""

    def __init__(self, listener: Listener, new_id: Callable[[], str]) -> None:
        self._listener = listener
        self._new_id = new_id
        self._delivery = Delivery()
        self._settings: dict[str, Settings] = {}
        self.clients: dict[str, Client] = {}

    def receive(self, body: bytes, peer: Peer, now: float) -> list[Effect]:
        """One body of messages from a client."""
        try:
            turn = _Turn(parse(body), peer, now)
            if turn.welcomed and len(turn.batch) > 1:
                raise EmptyBatchError("a handshake comes alone")
        except MalformedError as error:
            self._refuse(peer, error, now)
            return self._delivery.take_effects()
        client = turn.speaker = None if turn.welcomed else self._speaker(turn.batch)
        if client is not None:
            client.in_batch = True
            self._delivery.bind(client, peer, now)
        replies = [self._handle(message, turn) for message in turn.batch]
        if client is not None:
            client.in_batch = False
        self._finish(client, turn, replies)
        return self._delivery.take_effects()

    def publish(self, client: Client, event: bytes, now: float) -> None:
        """Queues an encoded event for a client; what it brings about is in `take_effects`."""
        if client.state is State.GONE:
            return
        limit = self._settings[client.id].queue_limit
        if len(client.queue) >= limit:
            self._end(client, f"more than {limit} events waited for it", now)
            return
        client.queue.append(event)
        if not client.in_batch:
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
        if not isinstance(channel, str) or not channels.is_channel(channel):
            return _failed(reply, "400::channel missing")
        if channel == channels.HANDSHAKE:
            return self._handshake(reply, turn)
        client = self.clients.get(_text(message.get("clientId")))
        if client is None or client is not turn.speaker:
            if channel == channels.CONNECT:
                reply["advice"] = {"reconnect": "handshake", "interval": 0}
            return _failed(reply, UNKNOWN_CLIENT)
        return self._from_client(client, message, reply, turn)

    def _from_client(self, client: Client, message: Message, reply: Message, turn: _Turn) -> Message:
        match message["channel"]:
            case channels.CONNECT:
                turn.connected = True
                polled = turn.peer.socket is None
                moved = client.polled is not None and client.polled is not polled
                client.polled = polled
                if moved or isinstance(message.get("advice"), dict):
                    reply["advice"] = self._settings[client.id].advice
            case channels.SUBSCRIBE:
                return self._subscribe(client, message, reply, turn.now)
            case channels.UNSUBSCRIBE:
                return _unsubscribe(client, message, reply)
            case channels.DISCONNECT:
                self._end(client, "it disconnected", turn.now)
            case channel if channel.startswith(channels.META):
                return _failed(reply, "403:denied_by_security_policy:publish denied")
        return reply

    def _handshake(self, reply: Message, turn: _Turn) -> Message:
        settings = turn.peer.settings
        silence = settings.interval + settings.max_interval
        client = Client(self._new_id(), base_url=turn.peer.base_url, silence=silence)
        self.clients[client.id] = client
        self._settings[client.id] = settings
        self._delivery.bind(client, turn.peer, turn.now)
        cookie = self._listener.welcomed(client, turn.peer, turn.now)
        if cookie is not None:
            turn.cookies.append(f"{BROWSER_COOKIE}={cookie}; Path=/; HttpOnly")
        client.expect_back(turn.now)
        self._delivery.watch(client)
        return reply | {
            "clientId": client.id,
            "version": "1.0",
            "minimumVersion": "1.0",
            "supportedConnectionTypes": list(settings.connection_types),
            "advice": settings.advice,
        }

    def _subscribe(self, client: Client, message: Message, reply: Message, now: float) -> Message:
        patterns, reply = _subscription(message, reply)
        if any(pattern.startswith(channels.META) for pattern in patterns):
            return _failed(reply, "403:denied_by_security_policy:subscribe_denied")
        limit = self._settings[client.id].subscription_limit
        if len(client.subscriptions) + len(patterns) > limit:
            return _failed(reply, f"403:more than {limit} subscriptions:subscribe_denied")
        if patterns:
            client.subscriptions.update(dict.fromkeys(patterns))
            self._listener.subscribed(client, patterns, now)
        return reply

    # The batch as a whole

    def _finish(self, client: Client | None, turn: _Turn, replies: list[Message]) -> None:
        """Answers the batch, or lets its connect wait."""
        delivery, now = self._delivery, turn.now
        if client is None or client.state is State.GONE:
            delivery.reply(None, turn.peer, replies, now, *turn.cookies)
            return
        if not turn.connected:
            delivery.reply(client, turn.peer, replies, now)
            return
        if client.hold is not None:
            delivery.supersede(client, now)
            delivery.bind(client, turn.peer, now)
        wait = self._wait(client, turn)
        if wait > 0:
            delivery.hold(client, turn.peer, replies[0], now + wait)
            return
        delivery.reply(client, turn.peer, replies, now)
        client.happens(Happening.ANSWERED)
        client.expect_back(now)
        delivery.watch(client)

    def _wait(self, client: Client, turn: _Turn) -> float:
        """Seconds the batch's connect may wait.

        None in company, none for a client's first (see `states`), none when there is news to bring.
        """
        if len(turn.batch) > 1 or client.state is State.NEW or client.queue:
            return 0.0
        timeout = self._settings[client.id].timeout
        advice = turn.batch[0].get("advice")
        wished = advice.get("timeout") if isinstance(advice, dict) else None
        # CometD ref., "advice": timeout is in milliseconds.
        if isinstance(wished, int | float) and not isinstance(wished, bool) and wished >= 0:
            return min(wished, timeout * 1000) / 1000
        return timeout

    def _end(self, client: Client, why: str, now: float) -> None:
        if client.hold is not None:
            # The Java client waits for this before it believes that it is disconnected.
            self._delivery.release(client, now, advice={"reconnect": "none"})
        self._delivery.unbind(client)
        client.happens(Happening.ENDED)
        del self.clients[client.id]
        del self._settings[client.id]
        self._listener.gone(client, why, now)

    def _speaker(self, batch: list[Message]) -> Client | None:
        for message in batch:
            client = self.clients.get(_text(message.get("clientId")))
            if client is not None:
                return client
        return None

    def _refuse(self, peer: Peer, error: MalformedError, now: float) -> None:
        if peer.socket is not None:
            self._delivery.add(Close(socket=peer.socket, at=now, code=1011, reason=str(error)[:100]))
        elif peer.exchange is not None:
            # CometD 3.1 on Jetty: what does not parse is 400, an empty batch an error of its own making.
            status = 500 if isinstance(error, EmptyBatchError) else 400
            body = str(error).encode()
            answer = Answer(exchange=peer.exchange, at=now, status=status, headers=(TEXT_TYPE,), body=body)
            self._delivery.add(answer)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _failed(reply: Message, error: str) -> Message:
    return reply | {"successful": False, "error": error}


def _subscription(message: Message, reply: Message) -> tuple[list[str], Message]:
    """The patterns a message names, and the reply, failed if there are none."""
    wanted = message.get("subscription")
    if wanted is None or wanted == []:
        return [], _failed(reply, "403::subscription_missing")
    reply["subscription"] = wanted
    patterns = wanted if isinstance(wanted, list) else [wanted]
    if not all(channels.is_channel(pattern) for pattern in patterns):
        return [], _failed(reply, "403::subscription_invalid")
    return patterns, reply


def _unsubscribe(client: Client, message: Message, reply: Message) -> Message:
    patterns, reply = _subscription(message, reply)
    for pattern in patterns:
        client.subscriptions.pop(pattern, None)
    return reply
