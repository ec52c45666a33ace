"""Which event follows which request, with the evidence.

Of the requests made before an event, those about another chat and those whose answer gave another number are
out. Requests that only read cause nothing. An event may precede the answer of its request, never the request
itself. Of the rest, what comes first in this list decides:

1. The answer of the request gave the number (`referenceId`) that the event carries.
2. The event says what the client made up for the request: its text.
3. It is recent, and its answer was the first to tell of an id of the event: it made what the event is about.
4. They share an id.
5. The profile knows that the operation brings such events, and it is recent or has not brought one yet.
6. It is recent, and has not brought such an event yet; of several alike in flight, the first.
7. They share more ids.
8. It is the latest.

What shares nothing came of the server's own accord, and is timed from the moment the agent was ready for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from replay.distil.evidence import Operation, Seen, Text, contradicts, fits, operation, seen
from replay.distil.sightings import Call, Event
from replay.distil.values import known_in_call, known_in_value
from replay.profiles.profile import Profile

READING = frozenset({"GET", "HEAD", "OPTIONS"})

LONG_AFTER = 10.0
"""Seconds after which a shared id alone is thin evidence: the other side of a chat uses the same ids."""

IN_FLIGHT = 2.0
"""Seconds within which an operation's event is expected: the slowest that was seen took 1.3 s."""

_MOST = 16
"""How many of the latest requests that share something are looked at: so a long chat takes no longer."""


class _Weight(NamedTuple):
    """What speaks for a request, the strongest first."""

    numbered: bool
    says: bool
    makes: bool
    shares: bool
    fits: int
    pending: bool
    own: bool
    more: int
    place: int


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What an event follows from."""

    call: Call | None
    """None when nothing an agent did brought it about."""
    because: str
    since: float
    """The earliest moment at which the event can have happened; equal to its `at` when that is known."""


class Causes:
    """The operations of a story, to be asked which of them brought about an event; by order of time."""

    def __init__(
        self,
        calls: Iterable[Call],
        profile: Profile,
        ids: Mapping[str, str],
        roles: Mapping[int, str] | None = None,
    ) -> None:
        """
        Args:
            calls: In order of time.
            ids: Those of the story, each with what the reader calls it.
            roles: Whose each call is, by the number of its exchange, where a story has several agents.
        """
        roles = roles or {}
        self._profile = profile
        self._ids = ids
        self._places = {word: place for place, word in enumerate(ids)}
        self._all: list[Operation] = []
        self._numbered: dict[tuple[str, int], list[Operation]] = defaultdict(list)
        self._naming: dict[str, list[Operation]] = defaultdict(list)
        self._saying: dict[Text, list[Operation]] = defaultdict(list)
        self._brought: set[tuple[int, str, str]] = set()
        """Which operation has brought an event of which name to whom."""
        self._echoed: dict[tuple[Text, str], float] = {}
        """When a text of the client's last came back to whom."""
        self._heard: dict[str, float] = {}
        """When each id first came with an event."""
        told: set[str] = set()
        for call in calls:
            named, answered = known_in_call(call, ids), known_in_value(call.answer, ids)
            if call.exchange.method not in READING:
                role = roles.get(call.exchange.number, "")
                made = frozenset(answered - named - told)
                self._note(operation(call, role, len(self._all), profile, ids, made=made))
            told |= named | answered

    def _note(self, each: Operation) -> None:
        self._all.append(each)
        if each.number is not None:
            self._numbered[each.role, each.number].append(each)
        for word in each.ids:
            self._naming[word].append(each)
        for text in each.texts:
            self._saying[text].append(each)

    def of(self, event: Event, role: str = "") -> Cause:
        """The cause of an event that came to an agent."""
        what = seen(event, role, self._profile, self._ids)
        for word in what.ids:
            self._heard.setdefault(word, event.at)
        weighed = [(self._weigh(each, what), each) for each in self._possible(what)]
        weight, found = max(weighed, key=lambda pair: pair[0], default=(None, None))
        if weight is None or found is None:
            cause = Cause(call=None, because=self._nothing(what), since=event.since)
        else:
            found = self._first_of_alike(weight, found, weighed)
            because = self._because(found, what, weight, [other for other, _ in weighed])
            self._brought.add((found.place, what.name, role))
            cause = Cause(call=found.call, because=because, since=max(event.since, found.call.at))
        for text in what.texts & self._saying.keys():
            self._echoed[text, role] = event.at
        return cause

    # Which

    def _possible(self, what: Seen) -> Iterator[Operation]:
        at, role = what.event.at, what.role
        sharing: list[list[Operation]] = [self._naming.get(word, []) for word in what.ids]
        sharing += [self._saying.get(text, []) for text in what.texts]
        if what.number is not None:
            sharing.append(self._numbered.get((role, what.number), []))
        if what.kinds:
            sharing.append(self._all)
        found = {each.place: each for some in sharing for each in _latest(some, at)}
        for _, each in sorted(found.items()):
            if not contradicts(each, what, self._ids) and self._ties(each, what):
                yield each

    def _ties(self, each: Operation, what: Seen) -> bool:
        """Whether more than time speaks for it."""
        if self._is_numbered(each, what):
            return True
        if each.failed:
            return False
        if each.ids & what.ids or self._says(each, what):
            return True
        known = fits(each, what, self._profile) == 2
        return known and not each.ids and what.event.since - each.call.at <= LONG_AFTER

    def _weigh(self, each: Operation, what: Seen) -> _Weight:
        fitting = fits(each, what, self._profile)
        fresh = (each.place, what.name, what.role) not in self._brought
        recent = what.event.since - each.call.at <= IN_FLIGHT
        pending = fresh and recent
        return _Weight(
            self._is_numbered(each, what),
            bool(fitting) and self._says(each, what),
            self._makes(each, what),
            bool(each.ids & what.ids),
            # What has brought its event long since is no likelier than the rest.
            fitting if fresh or recent else 0,
            pending,
            pending and each.role == what.role,
            len(each.ids & what.ids) if pending else 0,
            each.place,
        )

    def _is_numbered(self, each: Operation, what: Seen) -> bool:
        return what.number is not None and each.number == what.number and each.role == what.role

    def _says(self, each: Operation, what: Seen) -> bool:
        """Whether the event brings back what this request said, and not what has been told long since."""
        return any(self._is_news(text, each, what) for text in each.texts & what.texts)

    def _makes(self, each: Operation, what: Seen) -> bool:
        """Whether it made something that the event is about, and no later request was about that."""
        if what.event.since - each.call.at > IN_FLIGHT:
            return False
        made = [word for word in each.made & what.ids if self._heard[word] >= each.call.at]
        return any(_latest(self._naming[word], what.event.at)[-1] is each for word in made)

    def _is_news(self, text: Text, each: Operation, what: Seen) -> bool:
        told = self._echoed.get((text, what.role))
        if told is None:
            return True
        if told < each.call.at:
            # Where the profile names the field, the same may be said twice; elsewhere it is a quotation.
            return bool(text[0])
        fresh = (each.place, what.name, what.role) not in self._brought
        return fresh and what.event.since - told <= IN_FLIGHT

    def _first_of_alike(
        self, weight: _Weight, found: Operation, weighed: list[tuple[_Weight, Operation]]
    ) -> Operation:
        """Of operations that are alike and all wait for such an event the first: servers keep their order."""
        if weight.numbered or not weight.pending:
            return found
        return next(
            each
            for other, each in weighed
            if other[:-1] == weight[:-1]
            and (each.role, each.name, each.ids) == (found.role, found.name, found.ids)
            and (each.name or each is found)
        )

    # Why

    def _because(self, found: Operation, what: Seen, weight: _Weight, others: list[_Weight]) -> str:
        field, event = self._profile.reference_field, what.event
        if weight.numbered:
            reasons = [f"the answer gave the same {field}"]
        else:
            reasons = [*self._shared(found, what, weight, others)]
            if what.number is not None:
                reasons.append(f"it carries a {field}")
            if not weight.says and what.kinds is not None and not what.kinds:
                reasons.append("but another's doing")
            elif not weight.says and event.since - found.call.at > LONG_AFTER:
                reasons.append("so long after it, perhaps another's doing")
            elif event.since < found.call.at and not weight.says and weight.fits < 2:
                reasons.append("though it may have happened before")
        if event.at < found.call.answered_at:
            reasons.append("it came before the answer")
        return "; ".join(reasons)

    def _shared(self, found: Operation, what: Seen, weight: _Weight, others: list[_Weight]) -> Iterator[str]:
        shared = sorted(found.ids & what.ids, key=self._places.__getitem__)
        if shared:
            yield _same([self._ids[word] for word in shared])
        if weight.says:
            texts = sorted(text for text in found.texts & what.texts if self._is_news(text, found, what))
            yield f"the request's own {texts[-1][0] or 'text'}"
        # Of the later ones that share an id as well, only the kind of event tells it.
        rivals = [each for each in others if each.place > found.place and each.shares >= weight.shares]
        if weight.fits == 2 and not weight.says and (rivals or not shared):
            yield f"{found.name} brings such events"

    def _nothing(self, what: Seen) -> str:
        if not _latest(self._all, what.event.at):
            return "of the server's own accord; the agent had done nothing yet"
        carried = f" or its {self._profile.reference_field}" if what.number is not None else ""
        return f"of the server's own accord; no request before it shares an id{carried}"


def _latest(operations: list[Operation], at: float) -> list[Operation]:
    place = bisect_right(operations, at, key=lambda each: each.call.at)
    return operations[max(0, place - _MOST) : place]


def _same(names: list[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"same {', '.join(others)} and {last} ids" if others else f"same {last} id"
