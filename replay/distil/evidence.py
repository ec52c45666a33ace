"""What ties an event to a request: numbers, texts, ids and the kind of thing that happened.

A request is looked at once and kept with what it names; events are held against it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from replay.distil.sightings import Call, Event
from replay.distil.values import field_of, is_rare, known_in_call, known_in_value, leaves
from replay.profiles.profile import Profile

Text = tuple[str, str]
"""A text that the client made up, under the field it stands in; under none where it is rare anywhere."""


class Operation(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request that may cause something, with what it can be known by."""

    call: Call
    role: str
    """Whose request it is, where a story has several agents."""
    place: int
    """Among all operations, in order of time."""
    name: str
    """What it says it does; empty when it does not say."""
    number: int | None
    ids: frozenset[str]
    """Those it names, and those it makes."""
    made: frozenset[str]
    """Those its answer is the first to tell of."""
    texts: frozenset[Text]
    failed: bool


class Seen(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An event, with what it can be known by."""

    event: Event
    role: str
    name: str
    """What the profile calls such an event."""
    number: int | None
    ids: frozenset[str]
    texts: frozenset[Text]
    kinds: frozenset[str] | None
    """As the profile has them: empty when it is another's doing, None when unknown."""


def operation(
    call: Call,
    role: str,
    place: int,
    profile: Profile,
    ids: Mapping[str, str],
    *,
    made: frozenset[str],
) -> Operation:
    """A request, looked at; it makes those ids."""
    name = call.body.get(profile.operation_field) if isinstance(call.body, dict) else None
    return Operation(
        call=call,
        role=role,
        place=place,
        name=name if isinstance(name, str) else "",
        number=number_of(call.answer, profile),
        ids=frozenset(known_in_call(call, ids)) | made,
        made=made,
        texts=frozenset(texts_in(call.body, profile, ids)),
        failed=_has_failed(call, profile),
    )


def seen(event: Event, role: str, profile: Profile, ids: Mapping[str, str]) -> Seen:
    """An event, looked at."""
    data = event.data
    return Seen(
        event=event,
        role=role,
        name=profile.push_name(event.channel, data),
        number=number_of(data, profile),
        ids=frozenset(known_in_value(data, ids)),
        texts=frozenset(texts_in(data, profile, ids)),
        kinds=profile.kinds_of(data),
    )


def number_of(value: object, profile: Profile) -> int | None:
    """The number by which an answer or an event says what request it belongs to."""
    field = profile.reference_field
    number = value.get(field) if field and isinstance(value, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def texts_in(value: object, profile: Profile, ids: Collection[str]) -> Iterator[Text]:
    """The texts in a JSON value that could only come from whoever wrote them."""
    for path, leaf in leaves(value):
        if isinstance(leaf, str) and leaf:
            field = field_of(path)
            if field in profile.client_fields:
                yield field, leaf
            if is_rare(leaf) and leaf not in ids:
                yield "", leaf


def fits(operation: Operation, seen: Seen, profile: Profile) -> int:
    """2 when the operation is known to bring such events, 0 when known not to, 1 when nothing is known."""
    known = profile.effects.get(operation.name)
    if known is None or seen.kinds is None:
        return 1
    return 2 if known & seen.kinds else 0


def contradicts(operation: Operation, seen: Seen, ids: Mapping[str, str]) -> bool:
    """Whether the request is about another of what the event is about: another chat, another number."""
    if operation.number is not None and seen.number is not None and operation.role == seen.role:
        return operation.number != seen.number
    if operation.ids & seen.ids:
        return False
    about = {_noun(ids[word]) for word in seen.ids}
    return any(_noun(ids[word]) in about for word in operation.ids)


def _noun(name: str) -> str:
    """`chat` for the variable `chat2`."""
    return name.rstrip("0123456789")


def _has_failed(call: Call, profile: Profile) -> bool:
    said = call.answer.get(profile.failure_field, 0) if isinstance(call.answer, dict) else 0
    return call.status >= 400 or (isinstance(said, int) and said != 0)
