"""Whose is what: the clients, calls and events of a recording, told apart by person."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

import msgspec

from replay.distil.marks import marks_of
from replay.distil.notes import STRAYS, Notes
from replay.distil.sightings import Call, Client, Event, Stream, Subscription
from replay.distil.streams import client_mark
from replay.distil.values import words_in_call, words_in_value

TOGETHER = 3.0
"""Seconds within which the same event at another client of the same person is a copy: a browser's second
client is made to poll every 2 s."""


class Person(msgspec.Struct, kw_only=True):
    """One agent of the recording."""

    clients: list[Client] = []
    subscriptions: list[Subscription] = []
    events: list[Event] = []
    calls: list[Call] = []


class _Union:
    """Sets of signs that belong together."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, sign: str) -> str:
        root = sign
        while (parent := self._parent.setdefault(root, root)) != root:
            root = parent
        while sign != root:
            self._parent[sign], sign = root, self._parent[sign]
        return root

    def join(self, signs: Iterable[str]) -> None:
        first, *others = [self.find(sign) for sign in signs]
        for other in others:
            self._parent[self.find(other)] = self.find(first)


def people(stream: Stream, session_cookie: str, notes: Notes) -> list[Person]:
    """The persons of a recording in the order they came."""
    signs = _Union()
    for client in stream.clients:
        signs.join([client_mark(client.name), *sorted(client.marks)])
    marks = [sorted(marks_of(call.exchange, session_cookie)) for call in stream.calls]
    for each in marks:
        if each:
            signs.join(each)
    found: dict[str, Person] = defaultdict(Person)
    for client in stream.clients:
        found[signs.find(client_mark(client.name))].clients.append(client)
    for event in stream.events:
        found[signs.find(client_mark(event.client))].events.append(event)
    for subscription in stream.subscriptions:
        owner = found.get(signs.find(client_mark(subscription.client)))
        if owner is not None:
            owner.subscriptions.append(subscription)
    _give_calls(stream, [signs.find(each[0]) if each else "" for each in marks], found, notes)
    for person in found.values():
        person.events = list(_once(person.events))
    return sorted(found.values(), key=_came)


def _came(person: Person) -> float:
    """When a person was first seen."""
    return min([client.at for client in person.clients] + [event.at for event in person.events])


def _give_calls(stream: Stream, roots: list[str], found: dict[str, Person], notes: Notes) -> None:
    """Gives each call to a person: by marks, by ids that it or others of its marks name, to the only one."""
    only = next(iter(found)) if len(found) == 1 else ""
    heard = {} if only else _who_heard(found)
    named = [Counter(heard[word] for word in words_in_call(call) if word in heard) for call in stream.calls]
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for root, votes in zip(roots, named, strict=True):
        together[root] += votes
    for call, root, votes in zip(stream.calls, roots, named, strict=True):
        by_mark = root if root in found else _most(together[root]) if root else ""
        owner = by_mark or _most(votes) or only
        if owner:
            found[owner].calls.append(call)
        else:
            notes.count(STRAYS)


def _most(votes: Counter[str]) -> str:
    """Who is named most often; by name where two are named alike, so that it is the same every time."""
    return min(votes, key=lambda name: (-votes[name], name), default="")


def _who_heard(found: dict[str, Person]) -> dict[str, str]:
    """For each word of some event, who received it; words that several received tell nobody apart."""
    heard: dict[str, set[str]] = defaultdict(set)
    for name, person in found.items():
        for event in person.events:
            for word in words_in_value(event.data):
                heard[word].add(name)
    return {word: next(iter(names)) for word, names in heard.items() if len(names) == 1}


class _Kept(msgspec.Struct):
    """An event, and the clients that have had it."""

    event: Event
    clients: set[str]


def _once(events: Iterable[Event]) -> Iterator[Event]:
    """A person's clients all receive its events: copies are told by arriving together."""
    recent: dict[str, deque[_Kept]] = defaultdict(deque)
    for event in events:
        alike = recent[event.channel]
        while alike and event.at - alike[0].event.at >= TOGETHER:
            alike.popleft()
        original = next(
            (kept for kept in alike if event.client not in kept.clients and kept.event.data == event.data),
            None,
        )
        if original is not None:
            original.clients.add(event.client)
            continue
        alike.append(_Kept(event, {event.client}))
        yield event
