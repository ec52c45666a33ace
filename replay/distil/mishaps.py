"""What went wrong on the way while a recording was made: polls that broke, clients that were forgotten.

They are no part of the story. They are kept, so that they can be told as faults of the scenario.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from replay.bayeux import channels
from replay.distil.bodies import Message
from replay.distil.retries import Request, request_of
from replay.exchange import Exchange

_RESET = re.compile(r"reset|ECONNRESET|RST|broken pipe", re.IGNORECASE)
_CLIENTS_OWN = re.compile(r"client (has )?(disconnected|closed|aborted)|abort|cancel", re.IGNORECASE)
_KIND_OF_REFUSAL = {channels.HANDSHAKE: "handshake-refused", channels.SUBSCRIBE: "subscribe-refused"}


class Mishap(msgspec.Struct, frozen=True, kw_only=True):
    """Something that went wrong once."""

    fault: str
    """The name that scenarios have for it."""
    at: float
    """When; of a poll, midway between it and the one before."""
    client: str = ""
    """The Bayeux client it happened to; empty for a REST request."""
    meta: str = ""
    """The Bayeux message it happened to: connect, handshake, …"""
    request: Request | None = None
    """The REST request it happened to."""
    settings: dict[str, Any] = {}


class Mishaps:
    """Collects them while a recording passes by."""

    def __init__(self) -> None:
        self.found: list[Mishap] = []
        self._latest: dict[tuple[str, str], float] = {}
        """When a client last sent such a message."""

    def by_client(self) -> dict[str, tuple[Mishap, ...]]:
        """Those of each client, in order of time."""
        found: dict[str, list[Mishap]] = defaultdict(list)
        for each in sorted(self.found, key=lambda each: each.at):
            found[each.client].append(each)
        return {client: tuple(some) for client, some in found.items()}

    def granted(self, sent: Message, at: float) -> None:
        """A Bayeux message that went well."""
        self._latest[str(sent.get("clientId", "")), str(sent["channel"])] = at

    def call(self, exchange: Exchange) -> None:
        """A REST request that got no whole answer."""
        fault, settings = _broken(exchange)
        if fault:
            self.found.append(
                Mishap(fault=fault, at=exchange.sent, request=request_of(exchange), settings=settings)
            )

    def poll(self, exchange: Exchange, sent: Sequence[Message]) -> None:
        """An HTTP exchange of Bayeux that got no whole answer, or one that is none."""
        fault, settings = _broken(exchange)
        if not fault and exchange.status is not None and exchange.status >= 400:
            fault, settings = "status", {"status": exchange.status}
        if fault:
            client = next((str(each["clientId"]) for each in sent if "clientId" in each), "")
            channel = str(sent[0]["channel"])
            at, meta = self._since(client, channel, exchange.sent), channel.removeprefix(channels.META)
            self.found.append(Mishap(fault=fault, at=at, client=client, meta=meta, settings=settings))

    def refused(self, sent: Message, reply: Message, at: float) -> None:
        """A Bayeux message that the server did not grant."""
        channel, client = str(sent["channel"]), str(sent.get("clientId", ""))
        error = str(reply.get("error", ""))
        # A handshake is no client's, so none can be unknown.
        unknown = channel != channels.HANDSHAKE and (
            error.startswith("402") or "unknown client" in error.lower()
        )
        fault = "unknown-client" if unknown else _KIND_OF_REFUSAL.get(channel, "")
        if fault:
            settings = {"error": error} if error and not unknown else {}
            at, meta = self._since(client, channel, at), channel.removeprefix(channels.META)
            self.found.append(Mishap(fault=fault, at=at, client=client, meta=meta, settings=settings))

    def _since(self, client: str, channel: str, at: float) -> float:
        """A moment that parts what went wrong from what of its kind was before it, also when it is played.

        Clients poll as soon as they have an answer: at the very moment it would be a matter of milliseconds
        which of the two polls is struck.
        """
        before = self._latest.get((client, channel), at)
        self._latest[client, channel] = at
        return before + (at - before) / 2


def _broken(exchange: Exchange) -> tuple[str, dict[str, Any]]:
    """Which fault made a request end without a whole answer; empty where it was the client's own doing."""
    if _CLIENTS_OWN.search(exchange.failure):
        return "", {}
    if exchange.status is None:
        return ("reset" if _RESET.search(exchange.failure) else "close"), {}
    body = exchange.response_body
    length = exchange.response_header("Content-Length")
    short = length.isascii() and length.isdigit() and body is not None and len(body) < int(length)
    if exchange.failure or (short and not exchange.response_header("Content-Encoding")):
        return "truncate", {"bytes": len(body or b"")}
    return "", {}
