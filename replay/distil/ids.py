"""Which words of a story are ids, and what a reader would call each.

An id is what the server says. With a shape that the profile knows, it stands in a field for ids or in a
path, or the client uses it later. Without one, the client uses it later *and* it stands there, or in a field
that calls itself an id, or nobody would have written it by hand. Whatever else looks like an id, an account
number in somebody's data, stays as it is. An id that the client used first it had from before the recording:
no server makes it, and each client brings its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from replay.distil.headers import answered_headers
from replay.distil.sightings import Call, Event
from replay.distil.values import Path, field_of, keys, leaves, texts_in_call, words
from replay.profiles.profile import LOOKALIKE, NEVER, Profile

_ID_FIELD = re.compile(r"(?:^|[a-z])(?:Id|ID|Uuid|UUID|Guid|GUID)$|(?:^|[_-])(?:id|uuid|guid)$")
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d")
_TURN = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")
_WILD, _TURNS = 10, 4

_NO_SEGMENT = re.compile(r"[/?#&=]")


class Id(msgspec.Struct, frozen=True, kw_only=True):
    """A word that is an id."""

    word: str
    make: str | None
    """None when the client brings it."""
    name: str
    """What it is the id of; not unique."""


class _Sighting(msgspec.Struct, frozen=True):
    """Where the server said a word."""

    at: float
    path: Path
    leaf: str
    kind: str
    """The `type` beside it, if there is one."""


def find_ids(events: Iterable[Event], calls: Iterable[Call], profile: Profile) -> Iterator[Id]:
    """The ids of a story, in the order in which the server first said them."""
    calls = list(calls)
    said: dict[str, list[_Sighting]] = defaultdict(list)
    messages = [(event.at, event.data) for event in events] + [(c.answered_at, c.answer) for c in calls]
    # A header such as Location is the server's word as well.
    messages += [(c.answered_at, dict(answered_headers(c.exchange))) for c in calls]
    used = _uses(calls, profile)
    looks = _shapes(profile)
    for at, message in sorted(messages, key=lambda each: each[0]):
        # Servers write the fields of an object in any order: names must not depend on it.
        for path, leaf in sorted(leaves(message), key=lambda each: _sortable(each[0])):
            if isinstance(leaf, str):
                for word in words(leaf):
                    if word in used or looks.fullmatch(word):
                        said[word].append(_Sighting(at, path, leaf, _type_beside(path, message)))
        for path, key in keys(message):
            if looks.fullmatch(key) or (key in used and words(key)):
                # An object whose keys are ids is a collection: its key stands where `id` might.
                said[key].append(_Sighting(at, (*path, "id"), key, ""))
    asked = _asked(calls)
    for word, sightings in said.items():
        uses = used.get(word, [])
        make = _make(word, sightings, uses, profile)
        if make is not None:
            names = [_name(each, word, make) for each in sightings + asked.get(word, [])]
            brought = bool(uses) and min(uses) < sightings[0].at
            yield Id(word=word, make=None if brought else make, name=min(names)[1])


def _shapes(profile: Profile) -> re.Pattern[str]:
    """Matches what has the shape of any id."""
    patterns = [shape.pattern for shape in profile.ids] or [NEVER]
    return re.compile(
        "|".join(f"(?{'i' * bool(each.flags & re.IGNORECASE)}:{each.pattern})" for each in patterns)
    )


def _sortable(path: Path) -> list[tuple[bool, str, int]]:
    return [
        (isinstance(s, str), s if isinstance(s, str) else "", s if isinstance(s, int) else 0) for s in path
    ]


def _uses(calls: list[Call], profile: Profile) -> dict[str, list[float]]:
    """When the client used each word, what it made up left aside."""
    used: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        for field, text in texts_in_call(call):
            if field not in profile.client_fields:
                for word in words(text):
                    used[word].append(call.at)
    return used


def _asked(calls: list[Call]) -> dict[str, list[_Sighting]]:
    """Words in request paths, which tell what they are the ids of."""
    asked: dict[str, list[_Sighting]] = defaultdict(list)
    for call in calls:
        path = unquote(call.exchange.split.path)
        for word in words(path):
            asked[word].append(_Sighting(call.at, (), path, ""))
    return asked


def _make(word: str, said: list[_Sighting], used: list[float], profile: Profile) -> str | None:
    """How a fresh one is made; None when the word is no id."""
    if word.upper() in profile.constants:
        return None
    shape = next((each for each in profile.ids if each.pattern.fullmatch(word)), None)
    fed_back = bool(used) and min(used) > said[0].at
    placed = any(_is_place_for_ids(each, word, profile) for each in said)
    if shape is not None:
        return shape.make if placed or fed_back else None
    told = placed or is_opaque(word) or any(_calls_itself_id(each, word) for each in said)
    return LOOKALIKE.make if told and fed_back else None


def is_opaque(word: str) -> bool:
    """Whether a word is too wild to be anything but an id: no name, number, date or version."""
    turns = _TURN.findall(word)
    return len(word) >= _WILD and len(turns) >= _TURNS and not _DATE.match(word)


def _calls_itself_id(sighting: _Sighting, word: str) -> bool:
    return word == sighting.leaf and bool(_ID_FIELD.search(field_of(sighting.path)))


def _is_place_for_ids(sighting: _Sighting, word: str, profile: Profile) -> bool:
    if word == sighting.leaf:
        return field_of(sighting.path) in profile.id_fields
    return "/" in sighting.leaf and word in _NO_SEGMENT.split(sighting.leaf)


# Names


def _name(sighting: _Sighting, word: str, make: str) -> tuple[int, str]:
    """What a reader would call the id by this sighting of it, after how well the sighting tells."""
    keys = [key for key in sighting.path if isinstance(key, str)]
    field = keys[-1] if keys else ""
    whole = word == sighting.leaf
    if whole and field == "participantId" and sighting.kind:
        return 0, identifier(sighting.kind.lower())
    if whole and field == "id" and len(keys) > 1:
        return 1, identifier(_singular(keys[-2]))
    if whole and field.lower().endswith("id") and len(field) > 2:
        return 2, identifier(field[:-2])
    segments = _NO_SEGMENT.split(sighting.leaf)
    if field.lower().endswith("uri") and len(field) > 3 and segments[-1] == word:
        return 3, identifier(field[:-3])
    before = segments[segments.index(word) - 1] if word in segments[1:] else ""
    if before and not any(character.isdigit() for character in before):
        return 4, identifier(_singular(before))
    return 5, identifier(make.removesuffix("-id") if make != LOOKALIKE.make else (field or "id"))


def _singular(noun: str) -> str:
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") and len(noun) > 2 else noun


def _type_beside(path: Path, message: Any) -> str:
    for step in path[:-1]:
        message = message[step]
    kind = message.get("type") if isinstance(message, dict) else None
    return kind if isinstance(kind, str) else ""


def identifier(text: str) -> str:
    """A text as the name of a variable."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_").lower()[:40]
    return name if name[:1].isalpha() else f"id_{name}".rstrip("_")
