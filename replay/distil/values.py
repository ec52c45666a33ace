"""Strings inside recorded values: each with the fields that lead to it, and the words in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay.distil.headers import asked_headers
from replay.distil.sightings import Call

Path = tuple[str | int, ...]

_WORD = re.compile(r"[A-Za-z0-9_-]{6,}")
# What is percent-encoded separates words: in %2F0000Na9B the F is none of the id's.
# A token without a digit holds no word: most of what people write is passed over at once.
_TOKEN = re.compile(
    r"%[0-9A-Fa-f]{2}|(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))[A-Za-z_-]*+[0-9][A-Za-z0-9_-]*"
)
_PIECE = re.compile(r"[A-Za-z0-9]+")
_DIGIT = re.compile("[0-9]")
_MOST_PIECES = 12
_LONG = 100
"""Characters for each known word, from which on a text is a long one."""


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


def keys(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every key of a JSON value, with the keys and places that lead to its object."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys(item, (*path, index))


def field_of(path: Path) -> str:
    """The nearest key on the way to a leaf."""
    return next((key for key in reversed(path) if isinstance(key, str)), "")


def words(text: str) -> list[str]:
    """Parts of a string that could be ids: six or more letters and digits, at least one of them a digit."""
    return [word for word in _WORD.findall(text) if _DIGIT.search(word)]


_LEAST, _PLENTY = 6, 16


def is_rare(text: str) -> bool:
    """Whether two who say this text can hardly do so by chance: no single plain word, no enum, no number."""
    if len(text) < _LEAST or text.isdigit():
        return False
    return len(text) >= _PLENTY or any(c.isdigit() or c.isspace() or not c.isascii() for c in text)


def find(text: str, known: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where known words stand in a text, also as parts of longer ones: `chat_0000Na9B26EF002X`."""
    # In a long text, looking for each word is far quicker than looking each of its words up.
    if len(text) > _LONG * len(known) and not any(word in text for word in known):
        return
    for token in _TOKEN.finditer(text):
        if token[0] in known:
            yield token.span()
        elif token[0][0] != "%":
            yield from _parts(token, known)


def _parts(token: re.Match[str], known: Collection[str]) -> Iterator[tuple[int, int]]:
    pieces = [piece.span() for piece in _PIECE.finditer(token[0])]
    first = 0
    while first < len(pieces):
        start = pieces[first][0]
        last = min(len(pieces), first + _MOST_PIECES) - 1
        while last >= first and token[0][start : pieces[last][1]] not in known:
            last -= 1
        if last >= first:
            yield token.start() + start, token.start() + pieces[last][1]
            first = last
        first += 1


def words_in_value(value: Any) -> set[str]:
    """All words of all strings in a JSON value."""
    return {word for _, leaf in leaves(value) if isinstance(leaf, str) for word in words(leaf)}


def texts_in_call(call: Call) -> Iterator[tuple[str, str]]:
    """Every string the client sent, in path, query, headers and body, with the nearest name it goes under."""
    split = call.exchange.split
    yield "", unquote(split.path)
    yield from parse_qsl(split.query)
    yield from asked_headers(call.exchange)
    yield from ((field_of(path), leaf) for path, leaf in leaves(call.body) if isinstance(leaf, str))


def words_in_call(call: Call) -> set[str]:
    """All words of what the client sent."""
    return {word for _, text in texts_in_call(call) for word in words(text)}


def known_in_call(call: Call, known: Collection[str]) -> set[str]:
    """The known words of what the client sent."""
    return {text[slice(*span)] for _, text in texts_in_call(call) for span in find(text, known)}


def known_in_value(value: Any, known: Collection[str]) -> set[str]:
    """The known words of a JSON value, those that are keys too."""
    found: set[str] = set()
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            found.update(item[slice(*span)] for span in find(item, known))
        elif isinstance(item, dict):
            found.update(key for key in item if key in known)
            left += item.values()
        elif isinstance(item, list):
            left += item
    return found
