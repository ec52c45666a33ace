"""Bodies and events as JSON, encoded once: only at references and times is anything done for each play.

    {"chat": {"id": "${chat}", "uri": "${base_url}/chats/${chat}", "timestamp": 1388672598}}

    pieces   {"chat":{"id":   .   ,"uri":"   .   /chats/   .   ","timestamp":   .   }}
    whole                    chat
    inside                                base_url        chat
    times                                                                  1388672598

A reference that is a whole value keeps its type, and is JSON of its own; one inside a string is text between
quotes that are there already. Each name is looked up once, and encoded once, however often it stands there.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import msgspec

from replay.plan.times import shift, shift_fields
from replay.plan.values import Keyed, Lookup, Text, names_in, render
from replay.scenario.templates import Reference

_encode = msgspec.json.Encoder().encode
_NOTHING: Mapping[str, Any] = {}


def head_of(channel: str) -> bytes:
    """How the message of an event begins, up to its data."""
    return b'{"channel":' + _encode(channel) + b',"data":'


class Prepared:
    """A compiled value, ready to be sent. It is taken apart when it is sent for the first time."""

    __slots__ = (
        "_constant",
        "_fills",
        "_final",
        "_is_keyed",
        "_pieces",
        "_time_fields",
        "_times",
        "compiled",
    )

    def __init__(
        self, compiled: Any, time_fields: Container[str], final: frozenset[str] = frozenset()
    ) -> None:
        """Nothing is taken apart yet.

        Args:
            final: Names whose times are the play's already, and are not moved.
        """
        self.compiled = compiled
        self._time_fields = time_fields
        self._final = final
        self._constant: bytes | None = None
        """All of it, where nothing differs from play to play."""
        self._is_keyed = False
        self._pieces: list[bytes] = []
        """Every other one is a hole; empty until it is taken apart."""
        self._fills: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
        """Names, and where each stands: as a value of its own, and inside a string."""
        self._times: tuple[tuple[int, Any, bool], ...] = ()
        """Where times stand, what stands there, and whether it is moved."""

    def encode(self, lookup: Lookup, seconds: float, known: Mapping[str, Any] = _NOTHING) -> bytes:
        """The JSON of one play, its times moved by so many seconds.

        Args:
            known: What some names stand for, which are not looked up.
        """
        if self._constant is not None:
            return self._constant
        if not self._pieces:
            self._take_apart()
            return self.encode(lookup, seconds, known)
        if self._is_keyed:
            return self._encode_whole(lookup, seconds, known)
        pieces = self._pieces.copy()
        for name, whole, inside in self._fills:
            value = known[name] if name in known else lookup(name)
            if isinstance(value, str):
                encoded = _encode(value)
                text = encoded[1:-1]
            else:
                text = _encode(_encode(value).decode())[1:-1] if inside else b""
                moves = seconds and name not in self._final
                encoded = _encode(shift_fields(value, self._time_fields, seconds) if moves else value)
            for at in whole:
                pieces[at] = encoded
            for at in inside:
                pieces[at] = text
        for at, item, moves in self._times:
            value = render(item, _first(known, lookup))
            pieces[at] = _encode(shift(value, seconds) if seconds and moves else value)
        return b"".join(pieces)

    def _encode_whole(self, lookup: Lookup, seconds: float, known: Mapping[str, Any]) -> bytes:
        value = render(self.compiled, _first(known, lookup))
        if seconds and self._final:
            return _encode(self._moved(self.compiled, _first(known, lookup), seconds))
        return _encode(shift_fields(value, self._time_fields, seconds) if seconds else value)

    def _moved(self, compiled: Any, lookup: Lookup, seconds: float, *, is_time: bool = False) -> Any:
        """The value of one play, with the times moved that are not the play's already."""
        if isinstance(compiled, dict) and not is_time:
            named = [(render(key, lookup), item) for key, item in compiled.items()]
            return {
                key: self._moved(item, lookup, seconds, is_time=key in self._time_fields)
                for key, item in named
            }
        if isinstance(compiled, list) and not is_time:
            return [self._moved(item, lookup, seconds) for item in compiled]
        value = render(compiled, lookup)
        if not self._final.isdisjoint(names_in(compiled)):
            return value
        return shift(value, seconds) if is_time else shift_fields(value, self._time_fields, seconds)

    def _take_apart(self) -> None:
        cutting = _Cutting(self._time_fields)
        cutting.cut(self.compiled)
        self._pieces = cutting.pieces()
        self._is_keyed = cutting.is_keyed
        self._fills = tuple(
            (name, tuple(cutting.whole.get(name, ())), tuple(cutting.inside.get(name, ())))
            for name in dict.fromkeys((*cutting.whole, *cutting.inside))
        )
        self._times = tuple((at, item, self._final.isdisjoint(names_in(item))) for at, item in cutting.times)
        if len(self._pieces) == 1:
            self._constant = self._pieces[0]


def _first(known: Mapping[str, Any], lookup: Lookup) -> Lookup:
    return lambda name: known[name] if name in known else lookup(name)


class _Cutting:
    """A compiled value while it is taken apart; pieces between what differs from play to play are joined."""

    def __init__(self, time_fields: Container[str]) -> None:
        self._time_fields = time_fields
        self._said: list[list[bytes]] = [[]]
        """Every other one is a hole, which is empty."""
        self.whole: dict[str, list[int]] = {}
        self.inside: dict[str, list[int]] = {}
        self.times: list[tuple[int, Any]] = []
        self.is_keyed = False
        """Whether references stand in keys: two may name one field, which only the whole object can tell."""

    def pieces(self) -> list[bytes]:
        """What stands between the holes; nothing in these."""
        return [b"".join(each) for each in self._said]

    def _say(self, *said: bytes) -> None:
        self._said[-1] += said

    def _hole(self) -> int:
        self._said += [], []
        return len(self._said) - 2

    def cut(self, compiled: Any) -> None:
        """Takes one value apart, and all below it."""
        if isinstance(compiled, Text):
            self._cut_text(compiled)
        elif isinstance(compiled, list):
            for index, item in enumerate(compiled):
                self._say(b"," if index else b"[")
                self.cut(item)
            self._say(b"]" if compiled else b"[]")
        elif isinstance(compiled, dict):
            self._cut_object(compiled)
        else:
            self._say(_encode(compiled))

    def _cut_object(self, compiled: dict[Any, Any]) -> None:
        self.is_keyed |= isinstance(compiled, Keyed)
        for index, (key, item) in enumerate(compiled.items()):
            self._say(b"," if index else b"{")
            self.cut(key)
            self._say(b":")
            if key in self._time_fields:
                self.times.append((self._hole(), item))
            else:
                self.cut(item)
        self._say(b"}" if compiled else b"{}")

    def _cut_text(self, text: Text) -> None:
        if text.whole is not None:
            self.whole.setdefault(text.whole, []).append(self._hole())
            return
        self._say(b'"')
        for part in text.parts:
            if isinstance(part, Reference):
                self.inside.setdefault(part.name, []).append(self._hole())
            else:
                # JSON escapes each character by itself: parts of a string are encoded as the whole is.
                self._say(_encode(part)[1:-1])
        self._say(b'"')
