"""Whose is what: the clients, calls and events of a recording, told apart by person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from replay.distil.marks import marks_of
from replay.distil.sightings import Call, Event, Handshake, Stream, Subscription
from replay.distil.values import words_in_call, words_in_event

TOGETHER = 1.0
"""Seconds within which the same event at another client of the same person is a copy."""


class Person(msgspec.Struct, kw_only=True):
    """One agent of the recording."""

    handshakes: list[Handshake] = []
    subscriptions: list[Subscription] = []
    events: list[Event] = []
    calls: list[Call] = []

    @property
    def label(self) -> str:
        """How the user names it: the client it came with first."""
        return self.handshakes[0].client[:8] if self.handshakes else "nobody"


class _Union:
    """Sets of signs that belong together."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, sign: str) -> str:
        parent = self._parent.setdefault(sign, sign)
        if parent == sign:
            return sign
        root = self._parent[sign] = self.find(parent)
        return root

    def join(self, signs: Iterable[str]) -> None:
        first, *others = [self.find(sign) for sign in signs]
        for other in others:
            self._parent[other] = first


def people(stream: Stream, session_cookie: str) -> tuple[list[Person], int]:
    """The persons of a recording in the order they came, and how many calls could be given to none of them."""
    signs = _Union()
    for handshake in stream.handshakes:
        signs.join([_client(handshake.client), *sorted(handshake.marks)])
    call_marks = [sorted(marks_of(call.exchange, session_cookie)) for call in stream.calls]
    for marks in call_marks:
        if marks:
            signs.join(marks)
    found: dict[str, Person] = defaultdict(Person)
    for handshake in stream.handshakes:
        found[signs.find(_client(handshake.client))].handshakes.append(handshake)
    for subscription in stream.subscriptions:
        found[signs.find(_client(subscription.client))].subscriptions.append(subscription)
    for event in stream.events:
        found[signs.find(_client(event.client))].events.append(event)
    strays = _give_calls(stream, call_marks, signs, found)
    for person in found.values():
        person.events = list(_once(person.events))
    return sorted(found.values(), key=_came), strays


def _client(name: str) -> str:
    return f"client {name}"


def _came(person: Person) -> float:
    """When a person was first seen."""
    handshake = person.handshakes[0].at if person.handshakes else float("inf")
    return min(handshake, person.events[0].at if person.events else float("inf"))


def _give_calls(stream: Stream, call_marks: list[list[str]], signs: _Union, found: dict[str, Person]) -> int:
    """Gives each call to a person: by marks, by an id, to the only one; counts the rest."""
    heard = _who_heard(found)
    strays = 0
    for call, marks in zip(stream.calls, call_marks, strict=True):
        by_mark = found.get(signs.find(marks[0])) if marks else None
        named = [person for word in words_in_call(call) for person in heard.get(word, ())]
        only = next(iter(found.values())) if len(found) == 1 else None
        owner = by_mark or (named[0] if named else only)
        if owner is None:
            strays += 1
        else:
            owner.calls.append(call)
    return strays


def _who_heard(found: dict[str, Person]) -> dict[str, list[Person]]:
    """For each word of some event, who received it; words that several received tell nobody apart."""
    heard: dict[str, list[Person]] = defaultdict(list)
    for person in found.values():
        for word in {word for event in person.events for word in words_in_event(event)}:
            heard[word].append(person)
    return {word: listeners for word, listeners in heard.items() if len(listeners) == 1}


def _once(events: Iterable[Event]) -> Iterator[Event]:
    """A person's clients all receive its events: copies are told by arriving together."""
    recent: list[Event] = []
    for event in events:
        recent = [each for each in recent if event.at - each.at < TOGETHER]
        copied = any(
            each.client != event.client and each.channel == event.channel and each.data == event.data
            for each in recent
        )
        recent.append(event)
        if not copied:
            yield event
