"""Texts that a client makes up and a server repeats, in fields that no profile names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from replay.distil.sightings import Call, Event
from replay.distil.values import is_rare, known_in_value, leaves
from replay.plan.times import shift
from replay.profiles.profile import Profile

_DAY = 86400.0


class Inventions:
    """The texts of a story that its client said first and its server then said exactly so.

    Only rare ones: no plain word, no number, no time, no address, no id.
    """

    def __init__(
        self, events: Iterable[Event], calls: Iterable[Call], profile: Profile, ids: Collection[str]
    ) -> None:
        calls = list(calls)
        self._profile = profile
        self._ids = ids
        texts = (leaf for call in calls for _, leaf in leaves(call.body) if isinstance(leaf, str))
        offered = {text for text in texts if self._is(text)}
        self._first: dict[str, float] = {}
        """When the server first said each."""
        for at, text in _said(events, calls):
            if text in offered:
                self._first[text] = min(at, self._first.get(text, at))

    def includes(self, call: Call, field: str, text: str) -> bool:
        """Whether a text in the body of a request is one, and this the request that says it first."""
        if field == self._profile.operation_field or text not in self._first:
            return False
        return self._first[text] > call.at

    def _is(self, text: str) -> bool:
        if not is_rare(text) or "://" in text or shift(text, _DAY) != text:
            return False
        return not known_in_value(text, self._ids)


def _said(events: Iterable[Event], calls: Iterable[Call]) -> Iterator[tuple[float, str]]:
    values: list[tuple[float, Any]] = [(event.at, event.data) for event in events]
    values += [(call.answered_at, call.answer) for call in calls]
    for at, value in values:
        for _, leaf in leaves(value):
            if isinstance(leaf, str):
                yield at, leaf
