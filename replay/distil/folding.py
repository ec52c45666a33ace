"""Operations that a client repeats, told once: keep-alives, typing notices that bring no news, ready again.

They are one step when the story does not depend on which of them it is: the same request, the same answer,
and the same events after each, or none. Between them nothing else comes where those events come: who accepts
a chat again, having passed it on and got it back, does another step of the story. Where the events differ,
if only by a counter, each stays a step of its own: a player has to send what was sent. Events that repeat
without a request stay, each at its time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from replay.distil.causes import READING
from replay.distil.retries import Request, request_of
from replay.distil.sightings import Call, Event
from replay.distil.variables import Variables


class Folded(msgspec.Struct, frozen=True):
    """Which calls and events stand for others."""

    calls: Mapping[int, int]
    """For the exchange of each repeated call, the first of its kind."""
    events: frozenset[int]
    """Places of the events that came again with a repeated call."""


def folded(
    parts: Iterable[Iterable[Call]],
    events: Iterable[Event],
    cause_of: Callable[[Event], Call | None],
    variables: Variables,
) -> Folded:
    """What repeats itself.

    Args:
        parts: The calls of the session and those of the story, each in order of time.
        events: All that came; their places are those in this order.
    """
    alike: dict[tuple[int, str, Request, str], list[Call]] = defaultdict(list)
    for part, calls in enumerate(parts):
        for call in calls:
            if call.exchange.method not in READING:
                alike[part, call.agent, request_of(call.exchange), _answer(call)].append(call)
    brought: dict[int, list[tuple[int, Event]]] = defaultdict(list)
    events = [*events]
    for place, event in enumerate(events):
        cause = cause_of(event)
        if cause is not None:
            brought[cause.exchange.number].append((place, event))
    first: dict[int, int] = {}
    again: set[int] = set()
    for group in alike.values():
        if len(group) > 1 and _is_one(group, brought, variables) and not _parted(group, brought, events):
            for call in group[1:]:
                first[call.exchange.number] = group[0].exchange.number
                again |= {place for place, _ in brought[call.exchange.number]}
    return Folded(first, frozenset(again))


def _answer(call: Call) -> str:
    raw = b"" if call.answer is not msgspec.UNSET else call.exchange.response_body
    return repr((call.status, None if raw else _text(call.answer), raw))


def _is_one(group: list[Call], brought: Mapping[int, list[tuple[int, Event]]], variables: Variables) -> bool:
    """Whether it makes no difference which of these calls it is."""

    def told(call: Call) -> Any:
        events = [event for _, event in brought.get(call.exchange.number, [])]
        said = [(each.agent, each.channel, _text(variables.lift(each.data, each.at))) for each in events]
        body = None if call.body is msgspec.UNSET else variables.lift_body(call)
        return _text(body), said

    first = told(group[0])
    return all(told(call) == first for call in group[1:])


def _parted(
    group: list[Call], brought: Mapping[int, list[tuple[int, Event]]], events: Iterable[Event]
) -> bool:
    """Whether other events come between these calls on the channels of those that they bring."""
    own = {place for call in group for place, _ in brought.get(call.exchange.number, [])}
    where = {(event.agent, event.channel) for _, event in brought.get(group[0].exchange.number, [])}
    return bool(where) and any(
        group[0].at < event.at <= group[-1].at and (event.agent, event.channel) in where
        for place, event in enumerate(events)
        if place not in own
    )


def _text(value: Any) -> str:
    return "" if value is msgspec.UNSET else json.dumps(value, sort_keys=True)
