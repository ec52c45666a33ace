"""Which ids a call or an event speaks of, and which of them it says belong together.

Two ids side by side in one message belong together: a consult chat beside its parent. What stands in lists
belongs to nothing beside it: a list of all chats makes no single story of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay.distil.sightings import Call, Event
from replay.distil.values import words
from replay.profiles.profile import LOOKALIKE, Profile

_SEPARATORS = str.maketrans("?#&=", "////")


class Mentions(msgspec.Struct, kw_only=True, eq=False):
    """The ids in one message."""

    chats: list[str] = []
    """Ids whose shape says that they are a chat's, or whatever else a story is about; each once."""
    lone: list[str] = []
    """Those of them that stand in no list."""
    joined: list[tuple[str, str]] = []
    """Pairs of those that belong together."""
    others: list[str] = []
    """Other words that could be ids and stand in no list; each once."""
    listed: list[str] = []
    """The same for those in lists."""


class Reader:
    """Finds ids as the profile says what they look like."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def event(self, event: Event) -> Mentions:
        """What an event speaks of."""
        return self._gather([("", event.data)])

    def asked(self, call: Call) -> Mentions:
        """What a request names."""
        split = call.exchange.split
        return self._gather([("", unquote(split.path)), *parse_qsl(split.query), ("", call.body)])

    def answered(self, call: Call) -> Mentions:
        """What its answer speaks of."""
        return self._gather([("", call.answer)])

    def ids_in(self, value: Any) -> set[str]:
        """All that could be ids anywhere in a JSON value."""
        found = self._gather([("", value)])
        return {*found.chats, *found.others, *found.listed}

    def _gather(self, values: list[tuple[str, Any]]) -> Mentions:
        found = Mentions()
        pending = [values]
        while pending:
            scope = pending.pop()
            own, items = self._scope(scope)
            chats = [word for word in own if self._make(word) in self._profile.story_ids]
            found.chats += chats
            found.joined += [(chats[0], other) for other in chats[1:] if other != chats[0]]
            rest = [word for word in own if word not in chats]
            if scope is values:
                found.lone, found.others = chats, rest
            else:
                found.listed += rest
            pending += [[item] for item in reversed(items)]
        for name in ("chats", "lone", "others", "listed"):
            setattr(found, name, list(dict.fromkeys(getattr(found, name))))
        return found

    def _scope(self, values: list[tuple[str, Any]]) -> tuple[list[str], list[tuple[str, Any]]]:
        """The ids of the whole or of one item of a list, and the items of the lists in it."""
        own: list[str] = []
        items: list[tuple[str, Any]] = []
        left = list(reversed(values))
        while left:
            field, value = left.pop()
            if isinstance(value, dict):
                left += [(key, value[key]) for key in sorted(value, reverse=True)]
            elif isinstance(value, list):
                items += [(field, item) for item in value]
            elif isinstance(value, str) and field not in self._profile.client_fields:
                own += self._ids(field, value)
        return own, items

    def _ids(self, field: str, text: str) -> Iterator[str]:
        """Ids stand alone in a field, or between the slashes of a path."""
        found = [word for word in words(text) if word.upper() not in self._profile.constants]
        if "/" in text:
            segments = set(text.translate(_SEPARATORS).split("/")) if found else ()
            yield from (word for word in found if word in segments)
        elif found == [text] and (field in self._profile.id_fields or self._make(text)):
            yield text

    def _make(self, word: str) -> str:
        """The shape of an id; empty for what has none."""
        shapes = (each for each in self._profile.ids if each.make != LOOKALIKE.make)
        return next((each.make for each in shapes if each.pattern.fullmatch(word)), "")
