"""Requests that were sent again because the first time went wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from replay.distil.sightings import Call
from replay.exchange import Exchange

AGAIN = 10.0
"""Seconds within which the same request is the same wish: clients back off for 1, 2 and 4 s."""

_WORTH_RETRYING = frozenset({401, 402, 408, 425, 429, 500, 502, 503, 504})

Request = tuple[str, str, bytes]


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """Calls without those that failed and were made again."""

    calls: tuple[Call, ...]
    failed: tuple[tuple[Call, Call], ...]
    """Each failed call, with the one that succeeded in its place."""


def request_of(exchange: Exchange) -> Request:
    """What is the same when a request is sent again."""
    return exchange.method, exchange.url, exchange.request_body


def without_retries(calls: Iterable[Call]) -> Retried:
    """Leaves out what failed and soon after succeeded for the same agent; `calls` are in order of time."""
    calls = tuple(calls)
    waiting: dict[tuple[str, Request], list[Call]] = defaultdict(list)
    replaced: dict[int, Call] = {}
    for call in calls:
        failures = waiting[call.agent, request_of(call.exchange)]
        if call.status in _WORTH_RETRYING:
            failures.append(call)
            continue
        if call.status < 400:
            later = call.at
            for failure in reversed(failures):
                if later - failure.at > AGAIN:
                    break
                replaced[failure.exchange.number] = call
                later = failure.at
        failures.clear()
    return Retried(
        calls=tuple(call for call in calls if call.exchange.number not in replaced),
        failed=tuple(
            (call, replaced[call.exchange.number]) for call in calls if call.exchange.number in replaced
        ),
    )
