"""Whose is what: the clients, calls and events of a recording, told apart by person."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from replay.distil.joining import Joining
from replay.distil.notes import STRAYS, Notes
from replay.distil.packed import PackedCall, PackedEvent, Stream
from replay.distil.sightings import Client, Subscription, client_mark
from replay.distil.values import words_in_call, words_in_value

TOGETHER = 3.0
"""Seconds within which the same event at another client of the same person is a copy: a browser's second
client is made to poll every 2 s."""

REDELIVERED = 10.0
"""Seconds after a handshake within which an event that an earlier client of the person had is no news."""

_USER = "user "


class Person(msgspec.Struct, kw_only=True, eq=False):
    """One agent of the recording; each kind in order of time."""

    user: str = ""
    """The name it gave in `Authorization`, where that shows one; a pseudonym in what our recorder wrote."""
    clients: list[Client] = []
    subscriptions: list[Subscription] = []
    events: list[PackedEvent] = []
    calls: list[PackedCall] = []


def people(stream: Stream, notes: Notes) -> list[Person]:
    """The persons of a recording in the order they came."""
    signs = Joining()
    for client in stream.clients:
        signs.join([client_mark(client.name), *sorted(client.marks)])
    for marks in dict.fromkeys(call.marks for call in stream.calls):
        if marks:
            signs.join(sorted(marks))
    found: dict[str, Person] = defaultdict(Person)
    for client in stream.clients:
        found[signs.find(client_mark(client.name))].clients.append(client)
    for event in stream.events:
        found[signs.find(client_mark(event.client))].events.append(event)
    for subscription in stream.subscriptions:
        owner = found.get(signs.find(client_mark(subscription.client)))
        if owner is not None:
            owner.subscriptions.append(subscription)
    roots = [signs.find(min(call.marks)) if call.marks else "" for call in stream.calls]
    _give_calls(stream.calls, roots, found, notes)
    for person in found.values():
        person.user = _user_of(person)
        person.events = _once(person)
    return sorted(found.values(), key=_came)


def _came(person: Person) -> float:
    """When a person was first seen."""
    return min([client.at for client in person.clients] + [event.at for event in person.events])


def _user_of(person: Person) -> str:
    marks = set[str]().union(*(client.marks for client in person.clients))
    marks |= set[str]().union(*{call.marks for call in person.calls})
    named = (mark.removeprefix(_USER) for mark in marks if mark.startswith(_USER))
    return min((name for name in named if " " not in name), default="")


def _give_calls(
    calls: Iterable[PackedCall], roots: list[str], found: dict[str, Person], notes: Notes
) -> None:
    """Gives each call to a person: by marks, by ids that it or others of its marks name, to the only one."""
    only = next(iter(found)) if len(found) == 1 else ""
    pairs = list(zip(calls, roots, strict=True))
    unknown = [] if only else [call for call, root in pairs if root not in found]
    votes = iter(_votes(unknown, found))
    named = [Counter[str]() if only or root in found else next(votes) for root in roots]
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for root, each in zip(roots, named, strict=True):
        together[root] += each
    for (call, root), each in zip(pairs, named, strict=True):
        by_mark = root if root in found else _most(together[root]) if root else ""
        owner = by_mark or _most(each) or only
        if owner:
            found[owner].calls.append(call)
        else:
            notes.count(STRAYS)


def _most(votes: Counter[str]) -> str:
    """Who is named most often; by name where two are named alike, so that it is the same every time."""
    return min(votes, key=lambda name: (-votes[name], name), default="")


def _votes(calls: Iterable[PackedCall], found: dict[str, Person]) -> list[Counter[str]]:
    """For each call, who alone received the words that it names."""
    named = [words_in_call(call.unpack(Notes())) for call in calls]
    wanted = set[str]().union(*named)
    heard: dict[str, str] = {}
    for name, person in found.items() if wanted else ():
        for event in person.events:
            for word in words_in_value(event.data) & wanted:
                heard[word] = name if heard.get(word, name) == name else ""
    return [Counter(heard[word] for word in words if heard.get(word)) for words in named]


class _Kept(msgspec.Struct):
    """An event, and the clients that have had it."""

    event: PackedEvent
    clients: set[str]


def _once(person: Person) -> list[PackedEvent]:
    """A person's clients all receive its events: copies are told by arriving together.

    Each client's own window holds: what both saw happened when both windows say it may have.
    """
    if len({event.client for event in person.events}) == 1:
        return person.events
    return list(_originals(person.events, {client.name: client.at for client in person.clients}))


def _originals(events: Iterable[PackedEvent], came: Mapping[str, float]) -> Iterator[PackedEvent]:
    recent: dict[tuple[str, bytes], deque[_Kept]] = defaultdict(deque)
    for event in events:
        alike = recent[event.channel, _digest(event)]
        while alike and event.at - alike[0].event.at >= REDELIVERED:
            alike.popleft()
        # Whoever has just shaken hands again is told once more how things stand.
        new = event.at - came.get(event.client, event.at) <= REDELIVERED
        original = next(
            (
                kept
                for kept in alike
                if event.client not in kept.clients
                and (
                    event.at - kept.event.at < TOGETHER
                    or (new and came.get(event.client, 0.0) > kept.event.at)
                )
            ),
            None,
        )
        if original is None:
            alike.append(_Kept(event, {event.client}))
            yield event
            continue
        original.clients.add(event.client)
        first = original.event
        first.since = min(first.at, max(first.since, event.since))


def _digest(event: PackedEvent) -> bytes:
    """The same for data that say the same, in whatever order a server wrote their fields."""
    canonical = json.dumps(event.data, sort_keys=True).encode()
    return hashlib.blake2b(canonical, digest_size=16).digest()
