"""What a recording shows once transport is taken away: calls, events, and the clients they belong to.

Times are seconds since 1970, as recorded.
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay.exchange import Exchange


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A REST request and its answer."""

    exchange: Exchange
    body: Any
    """The request's body as JSON; unset when it is none."""
    answer: Any
    """The answer's body as JSON; unset when it is none."""

    @property
    def at(self) -> float:
        """When the request had come in."""
        return self.exchange.sent

    @property
    def answered_at(self) -> float | None:
        """When the whole answer was out; None when it never was."""
        return self.exchange.ended if self.exchange.status is not None else None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as one client received it."""

    client: str
    channel: str
    data: Any
    at: float
    """When it went out to the client."""
    since: float
    """Since when it may have waited for a poll; equal to `at` when it released one."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that the server granted."""

    client: str
    patterns: tuple[str, ...]
    at: float
    """When it was asked for."""


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """A client that was welcomed."""

    client: str
    at: float
    mount: str
    transport: str
    advice: dict[str, Any]
    marks: frozenset[str]
    """Cookies and credentials it came with or got: whose it is."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """All that a recording shows, each kind in order of time."""

    calls: tuple[Call, ...]
    events: tuple[Event, ...]
    subscriptions: tuple[Subscription, ...]
    handshakes: tuple[Handshake, ...]
    notes: tuple[str, ...]
    """Sentences about what was left aside."""
