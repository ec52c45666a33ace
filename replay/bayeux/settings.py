"""How one CometD endpoint behaves."""

from __future__ import annotations

from typing import Any

import msgspec

from replay.bayeux.dialects import COMETD3, Dialect


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, under CometD's names."""

    timeout: float = 30.0
    interval: float = 0.0
    max_interval: float = 10.0
    connection_types: tuple[str, ...] = ("websocket", "long-polling", "callback-polling")
    dialect: Dialect = COMETD3
    extensions: tuple[Any, ...] = ()
    """The `Extension`s a client may negotiate."""
    unasked: tuple[Any, ...] = ()
    """Those that have something to do with messages that carry no `ext`; found among the others."""
    connect_only: bool = False
    """Events go out with the answers to connects only (`metaConnectDeliverOnly`)."""
    sessions_per_browser: int = -1
    """Clients of one browser cookie whose connects are held; the others poll. -1 holds all."""
    multi_session_interval: float = 2.0
    """How often the others poll; 0 turns them away."""
    trust_client_id: bool = True
    """A client is known by its clientId alone; else its browser cookie has to be the same too."""
    queue_limit: int = 10_000
    """Undelivered events after which a client is thrown out (CometD's `maxQueue`)."""
    queue_bytes: int = 32 << 20
    """Bytes of them."""
    subscription_limit: int = 1_000

    def __post_init__(self) -> None:
        unasked = tuple(each for each in self.extensions if each.unasked)
        msgspec.structs.force_setattr(self, "unasked", unasked)

    @property
    def advice(self) -> dict[str, object]:
        """What clients are told of these times, in milliseconds (CometD ref., "advice")."""
        return {
            "interval": round(self.interval * 1000),
            "timeout": round(self.timeout * 1000),
            "reconnect": "retry",
        }
