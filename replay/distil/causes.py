"""Which event follows which request, with the evidence.

1. The event carries the number (`referenceId`) that the answer of a request gave: that request.
2. The event shares an id with requests made before it: the latest of those. (Requests that only read
   cause nothing. An event may precede the answer of its request, never the request itself.)
3. Neither: it came of the server's own accord, and is timed from the moment the agent was ready for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from replay.distil.sightings import Call, Event
from replay.distil.values import known_in_call, known_in_value
from replay.profiles.profile import Profile
from replay.scenario.durations import format_duration

READING = frozenset({"GET", "HEAD", "OPTIONS"})

LONG_AFTER = 10.0
"""Seconds after which a shared id alone is thin evidence: the other side of a chat uses the same ids."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What an event follows from."""

    call: Call | None
    """None when nothing the agent did brought it about."""
    because: str


class Causes:
    """An agent's operations, to be asked which of them brought about an event."""

    def __init__(self, calls: Iterable[Call], profile: Profile, ids: dict[str, str]) -> None:
        """`calls` in order of time; `ids` are those of the story, each with what the reader calls it."""
        self._profile = profile
        self._ids = ids
        self._places = {word: place for place, word in enumerate(ids)}
        self._calls = [call for call in calls if call.exchange.method not in READING]
        self._numbered: dict[int, list[Call]] = defaultdict(list)
        self._naming: dict[str, list[Call]] = defaultdict(list)
        for call in self._calls:
            number = number_of(call.answer, profile)
            if number is not None:
                self._numbered[number].append(call)
            for word in known_in_call(call, ids):
                self._naming[word].append(call)

    def of(self, event: Event) -> Cause:
        """The cause of an event."""
        field = self._profile.reference_field
        number = number_of(event.data, self._profile)
        numbered = _latest(self._numbered.get(number, []), event.at) if number is not None else None
        if numbered is not None:
            because = f"the answer gave the same {field}, {number}"
            return Cause(
                call=numbered, because=because + _early(event, numbered) + _window(event, numbered.at)
            )
        words = known_in_value(event.data, self._ids)
        latest = {word: _latest(self._naming.get(word, []), event.at) for word in words}
        call = max((each for each in latest.values() if each is not None), key=_order, default=None)
        if call is None:
            return Cause(call=None, because=self._nothing(event, number))
        shared = sorted((word for word in words if latest[word] is call), key=self._places.__getitem__)
        because = _same([self._ids[word] for word in shared])
        if number is not None:
            because += f"; it carries {field} {number}"
        if event.at - call.at > LONG_AFTER:
            because += "; so long after it, perhaps another's doing"
        return Cause(call=call, because=because + _early(event, call) + _window(event, call.at))

    def _nothing(self, event: Event, number: int | None) -> str:
        if _latest(self._calls, event.at) is None:
            because = "of the server's own accord; the agent had done nothing yet"
        else:
            carried = f" or its {self._profile.reference_field} {number}" if number is not None else ""
            because = f"of the server's own accord; no request before it shares an id{carried}"
        return because + _window(event, event.since)


def number_of(value: object, profile: Profile) -> int | None:
    """The number by which an answer or an event says what request it belongs to."""
    field = profile.reference_field
    number = value.get(field) if field and isinstance(value, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _latest(calls: list[Call], at: float) -> Call | None:
    place = bisect_right(calls, at, key=lambda call: call.at)
    return calls[place - 1] if place else None


def _order(call: Call) -> tuple[float, int]:
    return call.at, call.exchange.number


def _same(names: list[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"same {', '.join(others)} and {last} ids" if others else f"same {last} id"


def _early(event: Event, call: Call) -> str:
    return "; it came before the answer" if event.at < call.answered_at else ""


def _window(event: Event, earliest: float) -> str:
    """An event that had to wait for a poll happened somewhere in between."""
    waited = round(event.at - max(event.since, earliest), 3)
    return f"; it waited for a poll, for up to {format_duration(waited)}" if waited > 0 else ""
