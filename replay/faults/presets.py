"""Presets: faults that go together in life, by one name; none of them needs to know the scenario."""

from __future__ import annotations

from typing import Any

import msgspec

from replay.scenario.model import Fault

_REQUESTS = {"path": "/**"}


class Preset(msgspec.Struct, frozen=True):
    """What goes wrong together."""

    does: str
    """A sentence, for the list of them."""
    faults: tuple[Fault, ...]


def _preset(name: str, does: str, **rules: dict[str, Any]) -> Preset:
    """Rules by their short names; in the journal the preset's name stands before."""
    faults = [msgspec.convert({"name": f"{name}-{short}", **rule}, Fault) for short, rule in rules.items()]
    return Preset(does, tuple(faults))


SLOW_NETWORK = _preset(
    "slow-network",
    "A line of 32 KB/s for each agent; answers come 200 ms later at the median, one in a hundred 1 s.",
    line={"fault": "bandwidth", "settings": {"rate": "32KB/s"}},
    answers={"fault": "latency", "settings": {"delay": "lognormal(median 200ms, p99 1s)"}},
    polls={"fault": "latency", "where": {"meta": "connect"}, "settings": {"delay": "200ms"}},
)
FLAKY = _preset(
    "flaky",
    "One request in five gets 503, one in ten is reset; every third poll ends without an answer.",
    status={"fault": "status", "settings": {"status": 503, "text": "Service Unavailable"}, "chance": "20%"},
    reset={"fault": "reset", "where": _REQUESTS, "chance": "10%"},
    polls={"fault": "close", "where": {"meta": "connect"}, "every": 3},
)
LOSSY_STREAM = _preset(
    "lossy-stream",
    "One event in five never comes, one in five comes twice, one in five is overtaken by the next.",
    lost={"fault": "drop", "chance": "20%"},
    twice={"fault": "duplicate", "chance": "20%"},
    late={"fault": "reorder", "settings": {"within": "2s"}, "chance": "20%"},
)
EXPIRED_SESSION = _preset(
    "expired-session",
    "Each agent's login is void from its third request on, until it logs in again.",
    login={"fault": "login-expired", "where": _REQUESTS, "nth": [3]},
)
SERVER_RESTART = _preset(
    "server-restart",
    "At the first agent's third request the server forgets all clients, and resets what they wait on.",
    restart={"fault": "server-restarted", "where": {"path": "/**", "agent": "#1"}, "nth": [3]},
)
OVERLOADED = _preset(
    "overloaded",
    "Answers come 800 ms later at the median, one in a hundred 4 s; one in five is 503 with Retry-After.",
    slow={"fault": "latency", "settings": {"delay": "lognormal(median 800ms, p99 4s)"}},
    busy={
        "fault": "status",
        "settings": {"status": 503, "headers": {"Retry-After": "2"}, "text": "Service Unavailable"},
        "chance": "20%",
    },
    polls={"fault": "latency", "where": {"meta": "connect"}, "settings": {"delay": "800ms"}},
)
WRONG_NODE = _preset(
    "wrong-node",
    "The load balancer is not sticky: every third request and every fifth poll reach a node that knows"
    " neither cookie nor client.",
    requests={"fault": "cookie-lost", "where": _REQUESTS, "every": 3},
    polls={"fault": "unknown-client", "where": {"meta": "connect"}, "every": 5},
)
ANSWER_AFTER_EVENTS = _preset(
    "answer-after-events",
    "The answer to a request comes after the events that the request sets off.",
    order={"fault": "swap", "settings": {"first": "events", "gap": "50ms"}},
)
EVENTS_AFTER_ANSWER = _preset(
    "events-after-answer",
    "The events that a request sets off come after its answer.",
    order={"fault": "swap", "settings": {"first": "answer", "gap": "50ms"}},
)
