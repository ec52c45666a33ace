"""How servers of one protocol differ on the wire: texts, codes, orders, and what is sent with which advice.

A client library may hang on what another takes without a word (see the reference's section 4), so a recording
plays in the dialect it was recorded in.

Sources: CometD 2.9, 4.0 and 5.0 source, CometD 3.1 and 5.0 measurements, faye 1.4.3 source and measurements,
Salesforce's Streaming API documentation.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from replay.bayeux.channels import CONNECT, DISCONNECT, HANDSHAKE

ErrorKind = Literal[
    "unknown client",
    "client missing",
    "field missing",
    "handshake denied",
    "full",
    "types unsupported",
    "subscribe denied",
    "create denied",
    "subscription missing",
    "subscription invalid",
    "unsubscribe unknown",
    "channel missing",
    "channel invalid",
]

_AGAIN: dict[str, Any] = {"reconnect": "handshake", "interval": 0}
_NEVER: dict[str, Any] = {"reconnect": "none"}


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One server's way of speaking Bayeux."""

    name: str
    errors: dict[ErrorKind, str]
    """Texts; `{client}` and `{named}` stand for the clientId and for what is at fault."""
    failure_advice: dict[ErrorKind, dict[str, Any]] = msgspec.field(
        default_factory=lambda: {
            "unknown client": _AGAIN,
            "client missing": _AGAIN,
            "handshake denied": {"reconnect": "none"},
            "full": _NEVER,
        }
    )
    """What failed handshakes and connects advise; other failures carry no advice."""
    repeated: tuple[str, ...] = ("id",)
    """Fields of a message that every reply to it has as well."""
    nameless_failures: frozenset[str] = frozenset()
    """Channels whose failures do not name the client."""
    required: dict[str, tuple[str, ...]] = {}
    """Fields without which a message of a meta channel, or a publish (under ""), fails."""
    publish_needs_client: bool = True
    services_subscribable: bool = True
    unsubscribe_needs_channel: bool = True
    """To unsubscribe from what nobody listens to is a failure."""
    events_first: bool = True
    """Events stand before replies in a body. CometD's text says otherwise, its code since 2.x does this."""
    direct_delivery: bool = True
    """Whatever is answered by HTTP may carry events; else only connects do."""
    handshake_alone: bool = True
    """A handshake in company is refused."""
    connect_in_company: Literal["answered", "refused"] = "answered"
    """What becomes of a connect that shares its batch: it is never held."""
    first_connect_at_once: bool = True
    """The "wasConnected" rule."""
    advice_on_every_connect: bool = False
    farewell_advice: bool = True
    """A connect released by a disconnect says `reconnect: none`, for which the Java client waits."""
    disconnect_closes: bool = False
    """A disconnect over a WebSocket ends the socket too."""
    superseded_status: int | None = 500
    """HTTP status of the older of two connects; None leaves it unanswered until it is due."""
    broken_status: int = 400
    empty_status: int = 500
    """For an empty body or an empty batch; 200 answers with an empty batch."""
    broken_frame_closes: bool = True
    """A frame without messages ends its socket; else it is passed over."""
    browser_cookie: str | None = "BAYEUX_BROWSER={value}; Path=/; HttpOnly"
    negotiates_types: bool = False
    """Refuses a client with which it has no connection type in common."""


_COMETD3: dict[ErrorKind, str] = {
    "unknown client": "402::Unknown client",
    "client missing": "402::Unknown client",
    "field missing": "400::bad request",
    "handshake denied": "403::Handshake denied",
    "full": "503::{named}",
    "types unsupported": "403::Handshake denied",
    "subscribe denied": "403:denied_by_security_policy:subscribe_denied",
    "create denied": "403:denied_by_security_policy:create denied",
    "subscription missing": "403::subscription_missing",
    "subscription invalid": "403::subscription_invalid",
    "unsubscribe unknown": "400::channel_missing",
    "channel missing": "400::channel missing",
    "channel invalid": "400::channel missing",
}

_COMETD5 = _COMETD3 | {
    "unknown client": "402::session_unknown",
    "client missing": "402::session_unknown",
    "handshake denied": "403::handshake_denied",
    "types unsupported": "403::handshake_denied",
    "create denied": "403:denied_by_security_policy:channel_create_denied",
    "channel missing": "400::channel_missing",
    "channel invalid": "405::channel_invalid",
}

_FAYE: dict[ErrorKind, str] = {
    "unknown client": "401:{client}:Unknown client",
    "client missing": "402:clientId:Missing required parameter",
    "field missing": "402:{named}:Missing required parameter",
    "handshake denied": "403::Handshake denied",
    "full": "503::{named}",
    "types unsupported": "301:{named}:Connection types not supported",
    "subscribe denied": "403:{named}:Forbidden channel",
    "create denied": "403:{named}:Forbidden channel",
    "subscription missing": "402:subscription:Missing required parameter",
    "subscription invalid": "405:{named}:Invalid channel",
    "unsubscribe unknown": "404:{named}:Unknown channel",
    "channel missing": "405:{named}:Invalid channel",
    "channel invalid": "405:{named}:Invalid channel",
}

COMETD2 = Dialect(
    name="cometd2",
    errors=_COMETD3,
    connect_in_company="refused",
    superseded_status=408,
    browser_cookie="BAYEUX_BROWSER={value}; Path=/",
)
COMETD3 = Dialect(name="cometd3", errors=_COMETD3)
COMETD5 = Dialect(name="cometd5", errors=_COMETD5, repeated=("id", "subscription"), broken_status=500)
SALESFORCE = Dialect(
    name="salesforce",
    errors=_COMETD5 | {"unknown client": "403::Unknown client", "client missing": "403::Unknown client"},
    repeated=("id", "subscription"),
    broken_status=500,
)
FAYE = Dialect(
    name="faye",
    errors=_FAYE,
    failure_advice={kind: {"reconnect": "handshake"} for kind in get_args(ErrorKind)} | {"full": _NEVER},
    repeated=("id", "clientId", "subscription"),
    nameless_failures=frozenset({CONNECT, DISCONNECT}),
    required={
        HANDSHAKE: ("supportedConnectionTypes", "version"),
        CONNECT: ("connectionType",),
        "": ("data",),
    },
    publish_needs_client=False,
    services_subscribable=False,
    unsubscribe_needs_channel=False,
    events_first=False,
    direct_delivery=False,
    handshake_alone=False,
    first_connect_at_once=False,
    advice_on_every_connect=True,
    farewell_advice=False,
    disconnect_closes=True,
    superseded_status=None,
    empty_status=200,
    broken_frame_closes=False,
    browser_cookie=None,
    negotiates_types=True,
)
