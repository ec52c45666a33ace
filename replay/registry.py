"""Names of the parts that come in kinds, and where each is defined; imported when first asked for.

Rooms below check a name here without importing what it stands for. Adding a profile, a transport, a
capture source or a command is its file and one line in this table.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PROFILES = {
    "genesys": "replay.profiles.genesys:PROFILE",
    "plain": "replay.profiles.plain:PROFILE",
}

TRANSPORTS = {
    "websocket": "replay.server.transports.websocket:WebSocket",
    "long-polling": "replay.server.transports.long_polling:LongPolling",
    "callback-polling": "replay.server.transports.callback_polling:CallbackPolling",
}

DIALECTS = {
    "cometd2": "replay.bayeux.dialects:COMETD2",
    "cometd3": "replay.bayeux.dialects:COMETD3",
    "cometd5": "replay.bayeux.dialects:COMETD5",
    "salesforce": "replay.bayeux.dialects:SALESFORCE",
    "faye": "replay.bayeux.dialects:FAYE",
}

EXTENSIONS = {
    "ack": "replay.bayeux.extensions.ack:Ack",
    "timesync": "replay.bayeux.extensions.timesync:Timesync",
    "timestamp": "replay.bayeux.extensions.timestamp:Timestamp",
}

FAULTS = dict.fromkeys(
    (
        # HTTP answers
        *("latency", "status", "error", "hang", "reset", "close", "truncate", "garble", "slow"),
        "wrong-content-type",
        # events
        *("delay", "drop", "duplicate", "reorder", "swap", "batch", "split"),
        # Bayeux
        *("unknown-client", "handshake-refused", "subscribe-refused", "advice", "connect-at-once"),
        *("connect-held", "ack-lost"),
        # connection and session
        *("half-open", "bandwidth", "close-code", "cookie-lost", "login-expired", "server-restarted"),
        *("refuse", "partition"),
    ),
    "",
)
"""Names that scenarios may use; none is defined anywhere, since none is played."""

SOURCES = {
    "flows": "replay.capture.flows:read",
    "har": "replay.capture.har:read",
}

COMMANDS = {
    "record": "replay.cli.record:record",
    "addon": "replay.cli.addon:addon",
    "distil": "replay.cli.distil:distil",
    "check": "replay.cli.check:check",
    "redact": "replay.cli.redact:redact",
    "show": "replay.cli.show:show",
    "diff": "replay.cli.diff:command",
    "serve": "replay.cli.serve:serve",
    "schema": "replay.cli.schema:schema",
}


def resolve(table: dict[str, str], name: str) -> Any:
    """What `name` stands for in one of the tables above."""
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)
