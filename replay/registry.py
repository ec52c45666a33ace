"""Names of the parts that come in kinds, and where each is defined; imported when first asked for.

Rooms below check a name here without importing what it stands for. Adding a profile, a transport, a fault, a
capture source or a command is its file and one line in this table. What is not part of this package says that
line in its own file, and is loaded by `replay --with FILE`, or by whoever imports it.
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

FAULTS = {
    # HTTP answers
    "latency": "replay.faults.latency:Latency",
    "status": "replay.faults.status:Status",
    "error": "replay.faults.error:Error",
    "hang": "replay.faults.hang:Hang",
    "reset": "replay.faults.reset:Reset",
    "close": "replay.faults.close:Close",
    "truncate": "replay.faults.truncate:Truncate",
    "garble": "replay.faults.garble:Garble",
    "slow": "replay.faults.slow:Slow",
    "wrong-content-type": "replay.faults.wrong_content_type:WrongContentType",
    # events
    "delay": "replay.faults.delay:Delay",
    "drop": "replay.faults.drop:Drop",
    "duplicate": "replay.faults.duplicate:Duplicate",
    "reorder": "replay.faults.reorder:Reorder",
    "swap": "replay.faults.swap:Swap",
    "batch": "replay.faults.batch:Batch",
    "split": "replay.faults.split:Split",
    # Bayeux
    "unknown-client": "replay.faults.unknown_client:UnknownClient",
    "handshake-refused": "replay.faults.handshake_refused:HandshakeRefused",
    "subscribe-refused": "replay.faults.subscribe_refused:SubscribeRefused",
    "advice": "replay.faults.advice:Advice",
    "connect-at-once": "replay.faults.connect_at_once:ConnectAtOnce",
    "connect-held": "replay.faults.connect_held:ConnectHeld",
    "ack-lost": "replay.faults.ack_lost:AckLost",
    # connections and sessions
    "half-open": "replay.faults.half_open:HalfOpen",
    "bandwidth": "replay.faults.bandwidth:Bandwidth",
    "close-code": "replay.faults.close_code:CloseCode",
    "cookie-lost": "replay.faults.cookie_lost:CookieLost",
    "login-expired": "replay.faults.login_expired:LoginExpired",
    "server-restarted": "replay.faults.server_restarted:ServerRestarted",
    "refuse": "replay.faults.refuse:Refuse",
    "partition": "replay.faults.partition:Partition",
}
"""By the name that rules have for them; their settings are the fields of what they name."""

PACES = {
    "recorded": "replay.plan.paces.recorded:Recorded",
    "fixed": "replay.plan.paces.fixed:Fixed",
    "drawn": "replay.plan.paces.drawn:Drawn",
    "uniform": "replay.plan.paces.uniform:Uniform",
    "normal": "replay.plan.paces.normal:Normal",
    "lognormal": "replay.plan.paces.lognormal:Lognormal",
}
"""How delays come about."""

MODIFIERS = {
    "idle-max": "replay.plan.paces.idle_max:IdleMax",
    "jitter": "replay.plan.paces.jitter:Jitter",
    "clamp": "replay.plan.paces.clamp:Clamp",
}
"""What a pace does to delays, in order of work."""

PRESETS = {
    "slow-network": "replay.faults.presets:SLOW_NETWORK",
    "flaky": "replay.faults.presets:FLAKY",
    "lossy-stream": "replay.faults.presets:LOSSY_STREAM",
    "expired-session": "replay.faults.presets:EXPIRED_SESSION",
    "server-restart": "replay.faults.presets:SERVER_RESTART",
    "overloaded": "replay.faults.presets:OVERLOADED",
    "wrong-node": "replay.faults.presets:WRONG_NODE",
    "answer-after-events": "replay.faults.presets:ANSWER_AFTER_EVENTS",
    "events-after-answer": "replay.faults.presets:EVENTS_AFTER_ANSWER",
}
"""Faults that are put together, by the name that `--preset` has for them."""

SOURCES = {
    # The last is asked first whether a file is one of its own.
    "flows": "replay.capture.flows:SOURCE",
    "har": "replay.capture.har:SOURCE",
}

RESOURCES = {
    # The last is asked first whether a file is one of its own.
    "health": "replay.server.control.health:ROUTES",
    "openapi": "replay.server.control.openapi:ROUTES",
    "scenarios": "replay.server.control.scenarios:ROUTES",
    "clock": "replay.server.control.clock:ROUTES",
    "journal": "replay.server.control.journal:ROUTES",
    "faults": "replay.server.control.faults:ROUTES",
    "agents": "replay.server.control.agents:ROUTES",
    "plays": "replay.server.control.plays:ROUTES",
    "events": "replay.server.control.events:ROUTES",
    "reset": "replay.server.control.reset:ROUTES",
    "misses": "replay.server.control.misses:ROUTES",
    "expectations": "replay.server.control.expectations:ROUTES",
    "metrics": "replay.server.control.metrics:ROUTES",
    "page": "replay.server.control.page:ROUTES",
    "stream": "replay.server.control.stream:ROUTES",
}
"""What control is asked about, under its prefix."""

COMMANDS = {
    "record": "replay.cli.record:record",
    "addon": "replay.cli.addon:addon",
    "distil": "replay.cli.distil:distil",
    "check": "replay.cli.check:check",
    "redact": "replay.cli.redact:redact",
    "show": "replay.cli.show:show",
    "diff": "replay.cli.diff:command",
    "verify": "replay.cli.verify:verify",
    "drive": "replay.cli.drive:drive",
    "pin": "replay.cli.pin:pin",
    "serve": "replay.cli.serve:serve",
    "init": "replay.cli.init:init",
    "faults": "replay.cli.faults:faults",
    "schema": "replay.cli.schema:schema",
}


def resolve(table: dict[str, str], name: str) -> Any:
    """What `name` stands for in one of the tables above."""
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)
