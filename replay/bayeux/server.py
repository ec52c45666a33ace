"""A CometD server without a network: batches in, effects out, `now` as an argument.

Duties of the caller: perform the effects in order, say when a waiting exchange or a socket was lost, and call
`wake` when `next_due` has come.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from replay.bayeux import channels
from replay.bayeux.client_state import COUNTED, Client
from replay.bayeux.cookies import for_page
from replay.bayeux.delivery import JSON_TYPE, Delivery, Pair
from replay.bayeux.dialects import ErrorKind
from replay.bayeux.messages import EmptyBatchError, MalformedError, Message, parse
from replay.bayeux.peer import Peer
from replay.bayeux.states import Happening, State
from replay.bayeux.turn import Turn, browser_of, one_too_many
from replay.bayeux.verdict import NOTHING, Verdict
from replay.wire import Answer, Close, Effect, Send

TEXT_TYPE = ("Content-Type", "text/plain;charset=UTF-8")
SILENT = "it stayed silent"
"""Why a client has ended that did not poll in time."""


class Listener(Protocol):
    """Told what clients do, while their batch is being processed."""

    def turns_away(self, peer: Peer, now: float) -> str | None:
        """Why a handshake makes no client, where there is no room for another."""

    def welcomed(self, client: Client, peer: Peer, now: float) -> str | None:
        """A handshake; returns the value of the browser cookie to set, or None to set none."""

    def judges(self, batch: list[Message]) -> bool:
        """Whether it wants to be asked about the messages of a batch."""

    def judged(self, message: Message, client: Client | None, peer: Peer, now: float) -> Verdict:
        """What is to be done about a message that has come, before it is handled.

        Args:
            client: Who sent it; None before its handshake, and where nobody knows.
        """

    def subscribed(self, client: Client, patterns: list[str], now: float) -> None:
        """New subscriptions are live; events published now ride on the reply."""

    def gone(self, client: Client, why: str, now: float) -> None:
        """A client ended; what it had queued is lost."""


class Stray(NamedTuple):
    """A message of a client that nobody knows."""

    channel: str
    is_named: bool
    """Whether it has a clientId."""


class BayeuxServer:
    """All clients of one server."""

    def __init__(self, listener: Listener, new_id: Callable[[], str], wall: Callable[[float], float]) -> None:
        self._listener = listener
        self._new_id = new_id
        self._delivery = Delivery(wall)
        self._listeners: Counter[str] = Counter()
        """How many clients are subscribed to each pattern."""
        self._by_browser: dict[str, dict[str, Client]] = {}
        """By their cookie, where it matters how many a browser has."""
        self._fresh: dict[str, Client] = {}
        self.clients: dict[str, Client] = {}
        self.overflowed = 0
        """How many clients were thrown out because too much waited for them."""
        self.stray: Stray | None = None
        """What came last of a client that nobody knows, as long as nobody has shaken hands since."""
        self.patient = False
        """Whether silence ends nobody: who has been silent for too long is given the same time again."""

    def receive(self, body: bytes, peer: Peer, now: float) -> list[Effect]:
        """One body of messages from a client."""
        try:
            turn = Turn(parse(body), peer, now)
            if turn.forbidden:
                raise EmptyBatchError(turn.forbidden)
        except MalformedError as error:
            self._refuse(peer, error, now)
            return self._delivery.take_effects()
        client = turn.speaker = None if turn.welcomed else self._speaker(turn)
        if self._listener.judges(turn.batch):
            turn.verdicts = [self._listener.judged(each, client, peer, now) for each in turn.batch]
            if any(verdict.lost for verdict in turn.verdicts):
                # What a reply carries does not reach its client: so it carries nothing.
                self._delivery.reply(None, peer, [(each, turn.reply_to(each)) for each in turn.batch], now)
                return self._delivery.take_effects()
        if client is not None:
            client.in_batch = True
            self._delivery.bind(client, peer, now)
        if turn.verdicts:
            pairs = [(each, self._judge(each, turn, at)) for at, each in enumerate(turn.batch)]
        else:
            pairs = [(each, self._handle(each, turn)) for each in turn.batch]
        if client is not None:
            client.in_batch = False
        self._finish(turn, pairs)
        return self._delivery.take_effects()

    def publish(self, client: Client, event: bytes, now: float) -> None:
        """Queues an encoded event for a client; it goes out with the next `flush`."""
        if client.state is State.GONE:
            return
        waiting = len(client.queue)
        # Most clients are not behind, and to know more of one costs more.
        if waiting >= COUNTED or waiting >= client.settings.queue_limit or client.acknowledges:
            too_much = client.overflow()
            if too_much and not client.in_batch:
                # Who stands ready to take what waits is not behind.
                self._delivery.deliver(client, now)
                too_much = client.overflow()
            if too_much:
                self.overflowed += 1
                self._end(client, f"more than {too_much} waited for it", now)
                return
        client.queue.append(event)
        if not client.in_batch:
            self._fresh[client.id] = client

    def flush(self, now: float) -> None:
        """What was published goes out: events of one moment together, as a server's batch does it."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, {}
        for client in fresh.values():
            if client.state is not State.GONE:
                self._delivery.deliver(client, now)

    def settle(self, now: float) -> list[Effect]:
        """What was published goes out, what is due of clients is done; returns all that has come about."""
        if self._fresh:
            self.flush(now)
        delivery = self._delivery
        if delivery.is_due(now):
            self.wake(now)
        return delivery.take_effects()

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
            elif self.patient:
                client.expect_back(now)
                self._delivery.watch(client)
            else:
                self._delivery.dismiss(client.socket, now)
                self._end(client, SILENT, now)

    @property
    def next_due(self) -> float | None:
        """When `wake` has something to do, at the earliest."""
        return self._delivery.next_due

    def add(self, effect: Effect) -> None:
        """One more thing to be done, after what has come about so far."""
        self._delivery.add(effect)

    def take_effects(self) -> list[Effect]:
        """What calls other than `receive` brought about."""
        return self._delivery.take_effects()

    def forget(self, client: Client, now: float) -> None:
        """A client is unknown from now on, and a connect of its that waits is told so."""
        if client.hold is not None:
            request, peer = client.hold.request, Peer(headers={}, base_url="", settings=client.settings)
            failure = Turn([request], peer, now).failed(client.hold.reply, "unknown client", request)
            self._delivery.release(client, now, **failure)
        self._end(client, "it was forgotten", now)

    def let_go(self, client: Client, now: float) -> None:
        """A connect that waits is answered as if its time had come."""
        if client.hold is not None:
            self._delivery.release(client, now)

    def hold_lost(self, client: Client, now: float) -> None:
        """The connect of a client that waits will not be answered; what is queued waits for the next."""
        if client.hold is not None and client.hold.exchange is not None:
            self._delivery.exchange_lost(client.hold.exchange, now)

    # One message

    def _judge(self, message: Message, turn: Turn, at: int) -> Message:
        """Handles a message, or has it fail as it was decided."""
        verdict = turn.verdicts[at]
        if verdict is NOTHING:
            return self._handle(message, turn)
        client = turn.speaker
        if verdict.forget and client is not None and client.state is not State.GONE:
            self.forget(client, turn.now)
            turn.speaker = None
        if verdict.unacknowledged and client is not None and client.acknowledges:
            client.unheard(message)
        if verdict.failure is None:
            reply = self._handle(message, turn)
        else:
            failed = turn.failed(turn.reply_to(message), verdict.failure, message)
            reply = failed | ({"error": verdict.error} if verdict.error else {})
            if message.get("channel") == channels.SUBSCRIBE and "subscription" in message:
                reply["subscription"] = message["subscription"]
        if verdict.advice is not None:
            reply["advice"] = {**(reply.get("advice") or {}), **verdict.advice}
        turn.wait = verdict.wait if verdict.wait is not None else turn.wait
        return reply

    def _handle(self, message: Message, turn: Turn) -> Message:
        channel = message.get("channel")
        reply = turn.reply_to(message)
        if not isinstance(channel, str):
            return turn.failed(reply, "channel missing", message)
        if channel != channels.CONNECT and not channels.is_channel(channel):
            return turn.failed(reply, "channel invalid", message)
        missing = turn.missing(channel, message)
        if missing is not None:
            return turn.failed(reply, "field missing", message, named=missing)
        if channel == channels.HANDSHAKE:
            return self._handshake(message, reply, turn)
        client = self._named(message)
        if client is None or client is not turn.speaker:
            if not channel.startswith(channels.META) and not turn.dialect.publish_needs_client:
                return reply
            kind: ErrorKind = "unknown client" if "clientId" in message else "client missing"
            self.stray = Stray(channel, "clientId" in message)
            return turn.failed(reply, kind, message)
        for extension in client.heeding(message):
            extension.incoming(client, message, turn.now)
        return self._from_client(client, message, reply, turn)

    def _from_client(self, client: Client, message: Message, reply: Message, turn: Turn) -> Message:
        match message["channel"]:
            case channels.CONNECT:
                refused = turn.refused_types(message.get("connectionType"))
                if refused is not None:
                    return turn.failed(reply, "types unsupported", message, named=refused)
                turn.connected = True
                polled = turn.peer.socket is None
                moved = client.polled is not None and client.polled is not polled
                client.polled = polled
                client.transport = turn.peer.transport
                asked = isinstance(message.get("advice"), dict)
                if moved or asked or client.advise or turn.dialect.advice_on_every_connect:
                    reply["advice"] = client.settings.advice
                client.advise = False
            case channels.SUBSCRIBE:
                return self._subscribe(client, message, reply, turn)
            case channels.UNSUBSCRIBE:
                return self._unsubscribe(client, message, reply, turn)
            case channels.DISCONNECT:
                self._end(client, "it disconnected", turn.now)
            case channel if channel.startswith(channels.META):
                return turn.failed(reply, "create denied", message)
        return reply

    def _handshake(self, message: Message, reply: Message, turn: Turn) -> Message:
        settings = turn.peer.settings
        refused = turn.refused_types(message.get("supportedConnectionTypes"))
        if refused is not None:
            return turn.failed(reply, "types unsupported", message, named=refused)
        full = self._listener.turns_away(turn.peer, turn.now)
        if full is not None:
            return turn.failed(reply, "full", message, named=full)
        client = Client(self._new_id(), base_url=sys.intern(turn.peer.base_url), settings=settings)
        # A page that loads scripts cannot take events in any other: CometD's transport forces this as well.
        client.connect_only |= turn.peer.transport == "callback-polling"
        self.clients[client.id] = turn.speaker = client
        self.stray = None
        self._delivery.bind(client, turn.peer, turn.now)
        minted = self._listener.welcomed(client, turn.peer, turn.now)
        if minted is not None and turn.dialect.browser_cookie is not None:
            cookie = turn.dialect.browser_cookie.format(value=minted)
            turn.cookies.append(for_page(cookie, turn.peer.base_url))
        client.browser = minted if minted is not None else browser_of(turn.peer)
        if settings.sessions_per_browser >= 0:
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

    def _subscribe(self, client: Client, message: Message, reply: Message, turn: Turn) -> Message:
        patterns, reply = turn.subscription(message, reply)
        denied = [pattern for pattern in patterns if turn.denied(pattern)]
        if denied:
            return turn.failed(reply, "subscribe denied", message, named=denied[0])
        if len(client.subscriptions) + len(patterns) > client.settings.subscription_limit:
            return turn.failed(reply, "subscribe denied", message, named=patterns[-1])
        if patterns:
            known = set(client.subscriptions)
            # One text for all clients that subscribe alike.
            new = tuple(sys.intern(each) for each in dict.fromkeys(patterns) if each not in known)
            client.subscriptions += new
            self._listeners.update(new)
            self._listener.subscribed(client, patterns, turn.now)
        return reply

    def _unsubscribe(self, client: Client, message: Message, reply: Message, turn: Turn) -> Message:
        patterns, reply = turn.subscription(message, reply)
        for pattern in patterns:
            if pattern in client.subscriptions:
                client.subscriptions = tuple(each for each in client.subscriptions if each != pattern)
                self._leave([pattern])
            elif turn.dialect.unsubscribe_needs_channel and pattern not in self._listeners:
                return turn.failed(reply, "unsubscribe unknown", message, named=pattern)
        return reply

    def _leave(self, patterns: Iterable[str]) -> None:
        """One client fewer listens to each of these."""
        for pattern in patterns:
            self._listeners[pattern] -= 1
            if not self._listeners[pattern]:
                del self._listeners[pattern]

    # The batch as a whole

    def _finish(self, turn: Turn, pairs: list[Pair]) -> None:
        """Answers the batch, or lets its connect wait."""
        delivery, client, now = self._delivery, turn.speaker, turn.now
        if client is None or client.state is State.GONE:
            delivery.reply(None, turn.peer, pairs, now, *turn.cookies)
            if client is not None and turn.dialect.disconnect_closes:
                delivery.dismiss(turn.peer.socket, now)
            return
        if not turn.connected:
            delivery.reply(client, turn.peer, pairs, now, *turn.cookies)
            # What its own batch brought for a connect of its that waits.
            delivery.deliver(client, now)
            return
        if client.hold is not None:
            delivery.supersede(client, now)
            delivery.bind(client, turn.peer, now)
        wait = self._wait(client, turn)
        if wait > 0 and turn.wait is not None:
            wait = turn.wait
        if len(pairs) == 1 and not client.queue and self._is_one_too_many(client):
            wait, client.advise = 0.0, True
            pairs = [(request, one_too_many(client, reply)) for request, reply in pairs]
        if wait > 0:
            delivery.hold(client, turn.peer, pairs[0], now + wait)
            return
        delivery.reply(client, turn.peer, pairs, now)
        client.happens(Happening.ANSWERED)
        client.expect_back(now)
        delivery.watch(client)

    def _wait(self, client: Client, turn: Turn) -> float:
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
        self._delivery.unwatch(client)
        client.happens(Happening.ENDED)
        del self.clients[client.id]
        self._delivery.weed(self.clients.get)
        self._leave(client.subscriptions)
        tabs = self._by_browser.get(client.browser, {})
        tabs.pop(client.id, None)
        if not tabs:
            self._by_browser.pop(client.browser, None)
        self._listener.gone(client, why, now)

    def _speaker(self, turn: Turn) -> Client | None:
        for message in turn.batch:
            client = self._named(message)
            if client is not None:
                return client if self._may_speak(client, turn.peer) else None
        return None

    def _named(self, message: Message) -> Client | None:
        name = message.get("clientId")
        return self.clients.get(name) if isinstance(name, str) else None

    def _may_speak(self, client: Client, peer: Peer) -> bool:
        """Whether a batch that names a client comes from its browser, where that matters."""
        trusted = client.settings.trust_client_id or client.settings.dialect.browser_cookie is None
        return trusted or peer.exchange is None or browser_of(peer) == client.browser

    def _refuse(self, peer: Peer, error: MalformedError, now: float) -> None:
        empty = isinstance(error, EmptyBatchError)
        if peer.socket is not None and not peer.settings.dialect.broken_frame_closes:
            if empty:
                self._delivery.add(Send(socket=peer.socket, at=now, body=b"[]"))
        elif peer.socket is not None:
            self._delivery.add(Close(socket=peer.socket, at=now, code=1011, reason=str(error)[:100]))
        elif peer.exchange is not None:
            dialect = peer.settings.dialect
            status = dialect.empty_status if empty else dialect.broken_status
            kind, body = (JSON_TYPE, b"[]") if status == 200 else (TEXT_TYPE, str(error).encode())
            self._delivery.add(
                Answer(exchange=peer.exchange, at=now, status=status, headers=(kind,), body=body)
            )
