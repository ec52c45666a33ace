"""How servers of one protocol differ on the wire: texts, codes, orders, and what is sent with which advice.

A client library may hang on what another takes without a word (see the reference's section 4), so a recording
plays in the dialect it was recorded in.

Sources: CometD 2.9, 3.1 and 5.0 source and measurements, faye 1.4.3 measurements, Salesforce's Streaming API
documentation.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ErrorKind = Literal[
    "unknown client",
    "client missing",
    "handshake denied",
    "types unsupported",
    "subscribe denied",
    "publish denied",
    "subscription missing",
    "subscription invalid",
    "channel missing",
    "channel invalid",
]


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One server's way of speaking Bayeux."""

    name: str
    errors: dict[ErrorKind, str]
    """Texts; `{client}`, `{channel}` and `{types}` stand for what the message named."""
    events_first: bool = True
    """Events stand before replies in a body. CometD's text says otherwise, its code since 2.x does this."""
    handshake_alone: bool = True
    """A handshake in company is refused."""
    connect_in_company: Literal["answered", "refused"] = "answered"
    """What becomes of a connect that shares its batch: it is never held."""
    first_connect_at_once: bool = True
    """The "wasConnected" rule."""
    advice_on_every_connect: bool = False
    handshake_advised_on: frozenset[str] = frozenset({"/meta/connect", "/meta/handshake"})
    """Failures of these channels tell the client to shake hands again."""
    client_id_in_replies: bool = False
    farewell_advice: bool = True
    """A connect released by a disconnect says `reconnect: none`, for which the Java client waits."""
    superseded_status: int | None = 500
    """HTTP status of the older of two connects; None leaves it unanswered until it is due."""
    broken_status: int = 400
    empty_status: int = 500
    """For an empty body or an empty batch; 200 answers with an empty batch."""
    browser_cookie: str | None = "BAYEUX_BROWSER={value}; Path=/; HttpOnly"
    negotiates_types: bool = False
    """Refuses a client with which it has no connection type in common."""


_COMETD3: dict[ErrorKind, str] = {
    "unknown client": "402::Unknown client",
    "client missing": "402::Unknown client",
    "handshake denied": "403::Handshake denied",
    "types unsupported": "403::Handshake denied",
    "subscribe denied": "403:denied_by_security_policy:subscribe_denied",
    "publish denied": "403:denied_by_security_policy:publish_denied",
    "subscription missing": "403::subscription_missing",
    "subscription invalid": "403::subscription_invalid",
    "channel missing": "400::channel missing",
    "channel invalid": "400::channel missing",
}

_COMETD5 = _COMETD3 | {
    "unknown client": "402::session_unknown",
    "client missing": "402::session_unknown",
    "handshake denied": "403::handshake_denied",
    "types unsupported": "403::handshake_denied",
    "channel missing": "400::channel_missing",
    "channel invalid": "405::channel_invalid",
}

_FAYE: dict[ErrorKind, str] = {
    "unknown client": "401:{client}:Unknown client",
    "client missing": "402:clientId:Missing required parameter",
    "handshake denied": "403::Handshake denied",
    "types unsupported": "301:{types}:Connection types not supported",
    "subscribe denied": "403:{channel}:Forbidden channel",
    "publish denied": "403:{channel}:Forbidden channel",
    "subscription missing": "402:subscription:Missing required parameter",
    "subscription invalid": "405:{channel}:Invalid channel",
    "channel missing": "402:channel:Missing required parameter",
    "channel invalid": "405:{channel}:Invalid channel",
}

COMETD2 = Dialect(
    name="cometd2",
    errors=_COMETD3 | {"publish denied": "403:denied_by_security_policy:publish denied"},
    connect_in_company="refused",
    superseded_status=408,
    browser_cookie="BAYEUX_BROWSER={value}; Path=/",
)
COMETD3 = Dialect(name="cometd3", errors=_COMETD3)
COMETD5 = Dialect(name="cometd5", errors=_COMETD5, broken_status=500)
SALESFORCE = Dialect(
    name="salesforce",
    errors=_COMETD5
    | {"unknown client": "403::Unknown client", "client missing": "403::Unknown client"},
    broken_status=500,
)
FAYE = Dialect(
    name="faye",
    errors=_FAYE,
    events_first=False,
    handshake_alone=False,
    first_connect_at_once=False,
    advice_on_every_connect=True,
    client_id_in_replies=True,
    farewell_advice=False,
    superseded_status=None,
    empty_status=200,
    browser_cookie=None,
    negotiates_types=True,
)
