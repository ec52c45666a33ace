"""How events and replies leave: holds, queues, sockets and the times at which clients are due.

The order is CometD's: events before replies in a body, one event a frame on a socket, a held connect answered
with all that is queued.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import groupby

from replay.bayeux.channels import CONNECT, HANDSHAKE
from replay.bayeux.client_state import Client
from replay.bayeux.marked import Marked
from replay.bayeux.messages import Message, encode, join
from replay.bayeux.peer import Peer
from replay.bayeux.replies import mark_of
from replay.bayeux.settings import Settings
from replay.bayeux.states import Happening, Hold
from replay.wire import Answer, Close, Effect, Send

JSON_TYPE = ("Content-Type", "application/json;charset=UTF-8")
_PLAIN = (JSON_TYPE,)

FEW = 16
"""Entries of no use that are left where they are."""

Pair = tuple[Message, Message]
"""A request and its reply."""


class Delivery:
    """The carriers of all clients; collects effects until they are taken."""

    def __init__(self, wall: Callable[[float], float]) -> None:
        self._wall = wall
        self._waiting: dict[int, Client] = {}
        self._sockets: dict[int, dict[str, Client]] = {}
        self._due: list[tuple[float, str]] = []
        self._stale = 0
        """Entries there of clients that have gone, or have an earlier one."""
        self._effects: list[Effect] = []

    def add(self, effect: Effect) -> None:
        """One more thing to be done."""
        self._effects.append(effect)

    def take_effects(self) -> list[Effect]:
        """All that is to be done since the last call, in order."""
        effects = self._effects
        if effects:
            self._effects = []
            return effects
        return []

    def reply(self, client: Client | None, peer: Peer, pairs: list[Pair], now: float, *cookies: str) -> None:
        """Answers a batch; what is queued for its client rides along, unless only connects may carry it."""
        replies = [self._outgoing(client, request, reply, now) for request, reply in pairs]
        events = client.take() if client is not None and _may_carry(client, peer, pairs) else []
        if peer.exchange is not None:
            headers = (JSON_TYPE, *(("Set-Cookie", cookie) for cookie in cookies)) if cookies else _PLAIN
            body = _body(events, replies, peer.settings)
            self.add(Answer(exchange=peer.exchange, at=now, headers=headers, body=body))
        elif peer.socket is not None:
            self._send(peer.socket, events, now)
            answered = tuple(mark_of(request) for request, _ in pairs)
            self.add(Send(socket=peer.socket, at=now, body=join(replies), answers=answered))

    def deliver(self, client: Client, now: float) -> None:
        """Hands queued events to whatever carrier stands ready."""
        if not client.queue:
            return
        if client.socket is not None and not client.connect_only:
            self._send(client.socket, client.take(), now)
        elif client.hold is not None:
            self.release(client, now)

    def _outgoing(self, client: Client | None, request: Message, reply: Message, now: float) -> bytes:
        if client is not None:
            for extension in client.heeding(request):
                extension.outgoing(client, request, reply, self._wall(now))
        return encode(reply)

    # Holds

    def hold(self, client: Client, peer: Peer, pair: Pair, deadline: float) -> None:
        """Lets a connect wait."""
        request, reply = pair
        ext, said = request.get("ext"), encode(reply)
        client.hold = Hold(request.get("id"), client.id, ext, said, deadline, peer.exchange, peer.socket)
        client.happens(Happening.HOLD)
        if peer.exchange is not None:
            self._waiting[peer.exchange] = client
        self.watch(client)

    def release(self, client: Client, now: float, **changes: object) -> None:
        """Answers the connect that waits, its reply changed in these fields."""
        hold = self._unhold(client)
        reply = hold.said
        if changes or hold.ext is not None or client.acknowledges or client.settings.unasked:
            reply = self._outgoing(client, hold.request, hold.reply | changes, now)
        client.expect_back(now)
        self.watch(client)
        if hold.exchange is not None:
            body = _body(client.take(), [reply], client.settings)
            self.add(Answer(exchange=hold.exchange, at=now, headers=_PLAIN, body=body))
        elif hold.socket is not None:
            self._send(hold.socket, client.take(), now)
            self._send_reply(hold.socket, hold, reply, now)

    def _send_reply(self, socket: int, hold: Hold, reply: bytes, now: float) -> None:
        answered = (mark_of(hold.request),)
        self.add(Send(socket=socket, at=now, body=join([reply]), answers=answered))

    def supersede(self, client: Client, now: float) -> None:
        """Finishes the older of two connects, with an error and no body, as CometD does; events stay."""
        hold = self._unhold(client)
        client.expect_back(now)
        self.watch(client)
        status = client.settings.dialect.superseded_status
        if hold.exchange is not None and status is not None:
            self.add(Answer(exchange=hold.exchange, at=now, status=status))
        elif hold.exchange is not None:
            self.add(Answer(exchange=hold.exchange, at=hold.deadline, headers=(JSON_TYPE,), body=b"[]"))
        elif hold.socket is not None:
            self._send_reply(hold.socket, hold, hold.said, now)

    def _unhold(self, client: Client) -> Hold:
        hold, client.hold = client.hold, None
        assert hold is not None
        client.happens(Happening.RELEASED)
        if hold.exchange is not None:
            del self._waiting[hold.exchange]
        return hold

    # Carriers that come and go

    def bind(self, client: Client, peer: Peer, now: float) -> None:
        """A client is reached on the carrier it used last: sessions move between sockets and HTTP.

        Only a connect calls it back from a socket on which another connect waits.
        """
        if peer.socket is not None:
            if client.socket is not None and client.socket != peer.socket:
                if client.hold is not None and client.hold.socket is not None:
                    self.supersede(client, now)
                self.unbind(client)
            client.socket = peer.socket
            self._sockets.setdefault(peer.socket, {})[client.id] = client
        elif client.hold is None or client.hold.socket is None:
            self.unbind(client)

    def unbind(self, client: Client) -> None:
        """Nothing is sent to its socket any more."""
        if client.socket is not None:
            self._sockets.get(client.socket, {}).pop(client.id, None)
            client.socket = None

    def dismiss(self, socket: int | None, now: float) -> None:
        """Closes the socket of a client that is over, unless others speak on it too."""
        if socket is not None and len(self._sockets.get(socket, ())) <= 1:
            self.add(Close(socket=socket, at=now, reason="Destroy"))

    def exchange_lost(self, exchange: int, now: float) -> None:
        """The client of a waiting exchange went away; its events stay queued."""
        client = self._waiting.pop(exchange, None)
        if client is not None:
            self._lose_hold(client, now)

    def socket_lost(self, socket: int, now: float) -> None:
        """A socket is gone; its clients live on until silence ends them."""
        for client in self._sockets.pop(socket, {}).values():
            client.socket = None
            if client.hold is not None and client.hold.socket == socket:
                self._lose_hold(client, now)

    def _lose_hold(self, client: Client, now: float) -> None:
        client.hold = None
        client.happens(Happening.LOST)
        client.expect_back(now)
        self.watch(client)

    # When clients are due

    def watch(self, client: Client) -> None:
        """Sees to it that `due_clients` names this client in time.

        One entry a client: one that lies too early is put right when it comes up.
        """
        due, watched = client.due, client.watched
        if watched is None or due < watched:
            self.unwatch(client)
            client.watched = due
            heapq.heappush(self._due, (due, client.id))

    def unwatch(self, client: Client) -> None:
        """Its entry is of no use any more; it goes when it comes up, or when most are so."""
        if client.watched is not None:
            client.watched = None
            self._stale += 1

    def due_clients(self, now: float, find: Callable[[str], Client | None]) -> list[Client]:
        """Clients whose hold or whose silence has lasted long enough."""
        due = []
        while self._due and self._due[0][0] <= now:
            at, client_id = heapq.heappop(self._due)
            client = find(client_id)
            if client is None or client.watched != at:
                self._stale -= 1
                continue
            client.watched = None
            if client.due <= now:
                due.append(client)
            else:
                self.watch(client)
        return due

    def weed(self, find: Callable[[str], Client | None]) -> None:
        """Sees that most entries are of use: a connect may be held for an hour, and its client be gone."""
        if self._stale <= FEW or self._stale <= len(self._due) // 2:
            return
        found = ((at, find(client_id), client_id) for at, client_id in self._due)
        self._due = [
            (at, client_id) for at, client, client_id in found if client is not None and client.watched == at
        ]
        heapq.heapify(self._due)
        self._stale = 0

    def is_due(self, now: float) -> bool:
        """Whether `due_clients` may have something to say."""
        return bool(self._due) and self._due[0][0] <= now

    @property
    def next_due(self) -> float | None:
        """When `due_clients` may have something to say."""
        return self._due[0][0] if self._due else None

    def _send(self, socket: int, events: list[bytes], now: float) -> None:
        # One event, one frame: CometD's ws.messagesPerFrame is 1.
        if not any(map(_is_together, events)):
            self._effects += [Send(socket=socket, at=now, body=b"[" + event + b"]") for event in events]
            return
        for together, some in groupby(events, _is_together):
            for frame in [list(some)] if together else ([event] for event in some):
                self.add(Send(socket=socket, at=now, body=join(frame)))


def _is_together(event: bytes) -> bool:
    return type(event) is Marked and event.together


def _may_carry(client: Client, peer: Peer, pairs: list[Pair]) -> bool:
    """Whether events may ride on the replies to a batch; none come before a client knows its own name."""
    if not client.queue:
        return False
    asked = [request.get("channel") for request, _ in pairs]
    if HANDSHAKE in asked:
        return False
    direct = peer.socket is not None or client.settings.dialect.direct_delivery
    return CONNECT in asked or (direct and not client.connect_only)


def _body(events: list[bytes], replies: list[bytes], settings: Settings) -> bytes:
    return join([*events, *replies] if settings.dialect.events_first else [*replies, *events])
