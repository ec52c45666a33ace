"""What has been met and is to be replaced wherever it stands: secrets, and what belongs to persons."""

from __future__ import annotations

import base64
import collections
import json
import re
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, quote_plus, unquote_to_bytes

SHORTEST = 8
"""Shorter secrets turn up by chance."""

_BLOCK = 4
_CASELESS = 5
RUN = re.compile(r"[^\W_]+")
"""A word, or a part of one that is set off by an underscore or a dash."""


class Learned:
    """Values that are replaced wherever they stand, in every usual spelling, also inside longer ones."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: collections.OrderedDict[bytes, list[bytes]] = collections.OrderedDict()
        self._told: dict[bytes, bytes] = {}
        # A spelling of 7 bytes or more holds a whole block of any text that is cut into blocks of 4 bytes:
        # looking those up takes the same time however many values there are.
        self._blocks: dict[bytes, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, value: bytes) -> bool:
        """Whether it is known; what is asked for is not forgotten soon."""
        if value not in self._values:
            return False
        self._values.move_to_end(value)
        return True

    def add(self, value: bytes, pseudonym: bytes, *, spelled: bool, encoded: bool = True) -> None:
        """Learn a value; `spelled` when its pseudonym has to be written as the value was.

        Long texts need not be looked for `encoded`, which takes most of the time.
        """
        spell = spellings if encoded else in_json
        told = zip(spell(value), spell(pseudonym) if spelled else _always(pseudonym), strict=False)
        mine = []
        for spelling, replacement in told:
            if len(spelling) >= SHORTEST and spelling not in self._told:
                self._told[spelling] = replacement
                mine.append(spelling)
                for at in range(_BLOCK):
                    self._blocks.setdefault(spelling[at : at + _BLOCK], set()).add(spelling)
        self._values[value] = mine
        if len(self._values) > self._limit:
            self._forget(self._values.popitem(last=False)[1])

    def replace(self, text: bytes) -> bytes:
        """The text with every value known replaced."""
        if len(text) < SHORTEST or not self._blocks:
            return text
        met = self._blocks.keys() & {text[at : at + _BLOCK] for at in range(0, len(text), _BLOCK)}
        if not met:
            return text
        found = {spelling for block in met for spelling in self._blocks[block] if spelling in text}
        # The longest first: a value may hold another. Then by their bytes, so that the outcome is the same.
        for spelling in sorted(found, key=lambda each: (-len(each), each)):
            pseudonym = self._told[spelling]
            if spelling.isdigit():
                text = re.sub(rb"(?<!\d)" + spelling + rb"(?!\d)", pseudonym.replace(b"\\", rb"\\"), text)
            else:
                text = text.replace(spelling, pseudonym)
        return text

    def _forget(self, forgotten: list[bytes]) -> None:
        for spelling in forgotten:
            del self._told[spelling]
            for at in range(_BLOCK):
                block = spelling[at : at + _BLOCK]
                same = self._blocks.get(block, set())
                same.discard(spelling)
                if not same:
                    self._blocks.pop(block, None)


class Names:
    """Words of persons' names, and their numbers: each by itself, never inside a longer one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._words: collections.OrderedDict[str, None] = collections.OrderedDict()

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def add(self, word: str) -> None:
        """Learn a word, or the digits of a number; the longer ones however they are cased."""
        for form in sorted({word, word.upper(), word.lower()}) if len(word) >= _CASELESS else (word,):
            self._words[form] = None
            self._words.move_to_end(form)
            if len(self._words) > self._limit:
                self._words.popitem(last=False)

    def found(self, text: str) -> set[str]:
        """Those that stand in a text."""
        return self._words.keys() & RUN.findall(text) if self._words else set()

    def may_be_in(self, text: bytes) -> bool:
        """Whether it is worth looking into a text in which some characters may be escaped; quickly told."""
        if not self._words:
            return False
        return b"\\u" in text or bool(self.found(text.decode("utf-8", "surrogateescape")))


def _always(pseudonym: bytes) -> Iterator[bytes]:
    while True:
        yield pseudonym


def spellings(value: bytes) -> Iterator[bytes]:
    """How a value may be written: plain, percent-encoded, in JSON, as base64; always in this order."""
    yield value
    for safe in ("", "/", "!'()*"):
        quoted = quote_from_bytes(value, safe=safe)
        yield quoted.encode()
        yield re.sub("%..", lambda match: match[0].lower(), quoted).encode()
    yield quote_plus(value).encode()
    yield unquote_to_bytes(value)
    yield from in_json(value)
    yield base64.b64encode(value)
    yield base64.b64encode(value).rstrip(b"=")


def in_json(value: bytes) -> Iterator[bytes]:
    """How a value may be written in JSON, and by itself."""
    yield value
    for only_ascii in (True, False):
        text = json.dumps(value.decode("utf-8", "replace"), ensure_ascii=only_ascii)[1:-1]
        yield text.encode()
        yield text.replace("/", "\\/").encode()
