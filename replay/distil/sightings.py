"""What a recording shows once transport is taken away: calls, events, and the clients they belong to.

Times are seconds since 1970, as recorded.
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay.exchange import Exchange


class Call(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A REST request and its answer."""

    exchange: Exchange
    body: Any
    """The request's body as JSON; unset when it is none."""
    answer: Any
    """The answer's body as JSON; unset when it is none."""
    status: int
    answered_at: float
    """When the whole answer was out."""
    agent: str = ""
    """The role of who asked; empty where the scenario has a single one."""

    @property
    def at(self) -> float:
        """When the request had come in."""
        return self.exchange.sent


class Event(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An event as one client received it."""

    client: str
    channel: str
    data: Any
    at: float
    """When it went out to the client."""
    since: float
    """Since when it may have waited for a poll; equal to `at` when it released one, or came by a socket."""
    agent: str = ""
    """The role of who received it; empty where the scenario has a single one."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that the server granted."""

    client: str
    patterns: tuple[str, ...]
    at: float
    """When it was asked for."""


class Client(msgspec.Struct, kw_only=True):
    """A Bayeux client that the server knew."""

    name: str
    """Its clientId."""
    at: float
    """When it was first seen."""
    mount: str
    """The CometD path."""
    origin: str
    transport: str
    advice: dict[str, Any] = {}
    marks: set[str] = set()
    """Cookies and credentials it came with or got: whose it is."""


def client_mark(name: str) -> str:
    """The sign that a Bayeux client is."""
    return f"client {name}"


def origin_of(exchange: Exchange) -> str:
    """Scheme and host that an exchange went to; a WebSocket's as those of HTTP."""
    split = exchange.split
    scheme = {"ws": "http", "wss": "https"}.get(split.scheme, split.scheme)
    return plain_origin(f"{scheme}://{split.netloc}")


def plain_origin(origin: str) -> str:
    """An origin in lower case, without the port that its scheme implies."""
    origin = origin.lower()
    return origin.removesuffix(":80" if origin.startswith("http:") else ":443")
