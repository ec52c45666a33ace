"""Calls and events as they are kept while a recording passes by: bytes, unpacked when their story is told.

A recording is read once and may be larger than memory. What is kept of it is what the API and its clients
said, undecoded and squeezed: as Python values it would take thirty times the room. Headers, names and cookies
that come again and again are kept once.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from replay.distil import bodies, notes
from replay.distil.marks import marks_of
from replay.distil.mishaps import Mishap
from replay.distil.notes import Notes
from replay.distil.sightings import Call, Client, Event, Subscription
from replay.exchange import Exchange
from replay.wire import Headers

_OF_THE_SESSION = frozenset({"authorization", "cookie"})
"""Request headers that have told whose the request is, and tell nothing more."""
_OF_THE_MOMENT = frozenset({"content-length", "date", "set-cookie"})
"""Headers that differ from one answer to the next and are made anew."""

_SMALL = 200
"""Bytes below which squeezing gains little."""

_T = TypeVar("_T")


class PackedCall(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A REST request and its answer."""

    exchange: Exchange
    """Without its bodies."""
    asked: bytes
    answer: bytes | None
    """Both squeezed."""
    marks: frozenset[str]
    """Signs of whose it is."""
    status: int
    answered_at: float

    @property
    def at(self) -> float:
        """When the request had come in."""
        return self.exchange.sent

    @property
    def size(self) -> int:
        """Bytes that its bodies take."""
        return len(self.asked) + len(self.answer or b"")

    def unpack(self, aside: Notes, agent: str = "") -> Call:
        """The call with its JSON, as one of that role."""
        answer = None if self.answer is None else _whole(self.answer)
        exchange = msgspec.structs.replace(
            self.exchange, request_body=_whole(self.asked), response_body=answer
        )
        aside.count(notes.UNRECORDED, exchange.response_body is None)
        body = bodies.as_json(exchange.request_body, aside)
        aside.count(notes.BODIES, body is msgspec.UNSET and bool(exchange.request_body))
        return Call(
            exchange=exchange,
            body=body,
            answer=bodies.as_json(exchange.response_body or b"", aside),
            status=self.status,
            answered_at=self.answered_at,
            agent=agent,
        )


class PackedEvent(msgspec.Struct, kw_only=True, eq=False):
    """An event as one client received it."""

    client: str
    channel: str
    content: bytes
    """Its data as JSON, squeezed."""
    at: float
    since: float

    @property
    def data(self) -> Any:
        """Its data; decoded anew each time."""
        return bodies.as_json(_whole(self.content), Notes())

    def unpack(self, agent: str = "") -> Event:
        """The event with its data, as one that came to that role."""
        return Event(
            client=self.client,
            channel=self.channel,
            data=self.data,
            at=self.at,
            since=self.since,
            agent=agent,
        )


class Packer:
    """Packs what a recording shows; what is said again is kept once."""

    def __init__(self, session_cookie: str) -> None:
        self._session_cookie = session_cookie
        self._kept: dict[Any, Any] = {}

    def once(self, value: _T) -> _T:
        """The same value, kept from when it was first seen."""
        kept: _T = self._kept.setdefault(value, value)
        return kept

    def marks(self, exchange: Exchange) -> frozenset[str]:
        """Signs in its headers of whose it is."""
        return self.once(marks_of(exchange, self._session_cookie))

    def call(self, exchange: Exchange) -> PackedCall:
        """An exchange that was answered."""
        assert exchange.status is not None
        assert exchange.ended is not None
        slim = msgspec.structs.replace(
            exchange,
            method=self.once(exchange.method),
            request_body=b"",
            response_body=None,
            request_headers=self._headers(exchange.request_headers, _OF_THE_SESSION),
            response_headers=self._headers(exchange.response_headers, _OF_THE_MOMENT),
            connection=self.once(exchange.connection),
        )
        return PackedCall(
            exchange=slim,
            asked=_squeezed(exchange.request_body),
            answer=None if exchange.response_body is None else _squeezed(exchange.response_body),
            marks=self.marks(exchange),
            status=exchange.status,
            answered_at=max(exchange.ended, exchange.sent),
        )

    def event(self, client: str, channel: str, data: Any, at: float, since: float) -> PackedEvent:
        """An event that went out at `at`."""
        return PackedEvent(
            client=self.once(client),
            channel=self.once(channel),
            content=_squeezed(_encoded(data)),
            at=at,
            since=since,
        )

    def _headers(self, headers: Headers, dropped: frozenset[str]) -> Headers:
        return self.once(
            tuple(self.once((name, value)) for name, value in headers if name.lower() not in dropped)
        )


def _squeezed(body: bytes) -> bytes:
    # What zlib writes begins with an x, as no JSON does.
    return zlib.compress(body, 1) if len(body) > _SMALL or body.startswith(b"x") else body


def _whole(squeezed: bytes) -> bytes:
    return zlib.decompress(squeezed) if squeezed.startswith(b"x") else squeezed


def _encoded(data: Any) -> bytes:
    try:
        return msgspec.json.encode(data)
    except OverflowError:
        # msgspec writes no whole numbers of more than 64 bits, though it reads them.
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """All that a recording shows, each kind in order of time."""

    calls: tuple[PackedCall, ...]
    events: tuple[PackedEvent, ...]
    subscriptions: tuple[Subscription, ...]
    clients: tuple[Client, ...]
    origins: frozenset[str]
    """Scheme and host of all that was spoken to."""
    dialects: dict[str, str] = {}
    """By origin, where a reply could only be of one."""
    mishaps: dict[str, tuple[Mishap, ...]] = {}
    """What went wrong on the way, by the client it happened to; under no name what happened to requests."""

    def mishaps_of(self, clients: Iterable[str], since: float, until: float) -> list[Mishap]:
        """What went wrong with some clients within a time, in order of time."""
        found: list[Mishap] = []
        for client in dict.fromkeys(clients):
            each = self.mishaps.get(client, ())
            first = bisect_left(each, since, key=lambda mishap: mishap.at)
            found += each[first : bisect_right(each, until, key=lambda mishap: mishap.at)]
        return sorted(found, key=lambda mishap: mishap.at)
