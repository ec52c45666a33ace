"""Who speaks, as the engine needs to know it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from replay.bayeux.settings import Settings


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a batch comes from: an HTTP exchange or a socket."""

    headers: Mapping[str, str]
    base_url: str
    settings: Settings
    exchange: int | None = None
    socket: int | None = None
    transport: str = ""
    """The connection type its messages travel by."""
