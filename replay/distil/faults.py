"""What went wrong in a recording, told as faults of its scenario.

A request that failed and was sent again is a fault of its step, at the occurrence at which it happened. What
befell a poll is placed by the clock, since no two clients poll equally often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from replay.distil.mishaps import Mishap
from replay.distil.retries import Request, Retried, request_of
from replay.distil.sightings import Call
from replay.distil.steps import Names
from replay.scenario.durations import format_duration
from replay.scenario.model import Fault, Where

_METAS = frozenset({"handshake", "connect", "subscribe", "unsubscribe", "disconnect"})


class Whose(msgspec.Struct, frozen=True):
    """Whom clients belong to, and when the story began for each."""

    roles: Mapping[str, str]
    """By the name of a Bayeux client."""
    starts: Mapping[str, float]
    """By role, in seconds since 1970."""

    def role_of(self, mishap: Mishap) -> str | None:
        """The role that something happened to; None when it is none of this story."""
        if not mishap.client and len(self.starts) == 1:
            return next(iter(self.starts))
        return self.roles.get(mishap.client)


def faults_found(
    mishaps: Sequence[Mishap], retried: Retried, steps: Mapping[int, str], whose: Whose
) -> list[Fault]:
    """The faults of a story.

    Args:
        retried: The calls of the story, and those that failed before.
        steps: The step of each call, by the number of its exchange.
    """
    names = Names()
    timed = [
        *_of_requests(mishaps, retried, steps),
        *((each.at, fault) for each in mishaps if (fault := _of_poll(each, whose)) is not None),
    ]
    found = [fault for _, fault in sorted(timed, key=lambda each: each[0])]
    for fault in found:
        what = fault.where.step or fault.where.meta
        fault.name = names.take(f"{what}-{fault.fault}" if what else fault.fault)
    return found


def _of_requests(
    mishaps: Sequence[Mishap], retried: Retried, steps: Mapping[int, str]
) -> Iterable[tuple[float, Fault]]:
    """Failures of steps; `nth` counts all requests of a step, those that failed too."""
    asked: list[tuple[float, str, Fault | None]] = [
        (call.at, steps[call.exchange.number], None)
        for call in retried.calls
        if call.exchange.number in steps
    ]
    for failure, call in retried.failed:
        step = steps[call.exchange.number]
        asked.append((failure.at, step, _fault("status", step, {"status": failure.status})))
    for each in mishaps:
        again = _again(each.request, each.at, retried.calls) if each.request is not None else None
        if again is not None and again.exchange.number in steps:
            step = steps[again.exchange.number]
            asked.append((each.at, step, _fault(each.fault, step, each.settings)))
    counts: Counter[str] = Counter()
    for at, step, fault in sorted(asked, key=lambda each: each[0]):
        counts[step] += 1
        if fault is not None:
            fault.nth = [counts[step]]
            yield at, fault


def _fault(kind: str, step: str, settings: dict[str, Any]) -> Fault:
    return Fault(name=kind, fault=kind, where=Where(step=step), settings=settings)


def _again(request: Request, at: float, calls: Iterable[Call]) -> Call | None:
    """The call that took the place of one that failed."""
    return next((call for call in calls if call.at >= at and request_of(call.exchange) == request), None)


def _of_poll(mishap: Mishap, whose: Whose) -> Fault | None:
    role = whose.role_of(mishap)
    if mishap.request is not None or role is None or mishap.meta not in _METAS:
        return None
    since = round(max(0.0, mishap.at - whose.starts[role]), 3)
    return Fault(
        name=mishap.fault,
        fault=mishap.fault,
        where=Where(meta=mishap.meta, agent=role),
        settings=mishap.settings,
        from_=format_duration(since) if since else "",
        limit=1,
    )
