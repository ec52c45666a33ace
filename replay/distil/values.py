"""Strings inside recorded values: each with the fields that lead to it, and the words in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay.distil.sightings import Call, Event

Path = tuple[str | int, ...]

_WORD = re.compile(r"[A-Za-z0-9_-]{6,}")


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar of a JSON value, with the keys and places that lead to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif value is not msgspec.UNSET:
        yield path, value


def field_of(path: Path) -> str:
    """The nearest key on the way to a leaf."""
    return next((key for key in reversed(path) if isinstance(key, str)), "")


def words(text: str) -> list[str]:
    """Parts of a string that could be ids: six or more letters and digits, at least one of them a digit."""
    return [word for word in _WORD.findall(text) if any(character.isdigit() for character in word)]


def words_in_value(value: Any) -> set[str]:
    """All words of all strings in a JSON value."""
    return {word for _, leaf in leaves(value) if isinstance(leaf, str) for word in words(leaf)}


def words_in_event(event: Event) -> set[str]:
    """All words of an event."""
    return words_in_value(event.data)


def words_in_call(call: Call) -> set[str]:
    """All words of what the client sent: path, query and body."""
    split = call.exchange.split
    found = set(words(unquote(split.path)))
    for _, value in parse_qsl(split.query):
        found |= set(words(value))
    return found | words_in_value(call.body)
