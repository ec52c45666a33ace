"""Events as JSON, encoded once: only where references and times stand is anything done for each play."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

import msgspec

from replay.plan.times import shift, shift_fields
from replay.plan.values import Lookup, Text, render

_encode = msgspec.json.Encoder().encode


class _Hole(msgspec.Struct, frozen=True):
    """What differs from play to play."""

    compiled: Any
    is_time: bool


class Prepared:
    """A compiled value, ready to be sent."""

    def __init__(self, compiled: Any, time_fields: Container[str]) -> None:
        self.compiled = compiled
        self._time_fields = time_fields
        self._pieces: list[bytes | _Hole] = []
        for piece in _cut(compiled, time_fields):
            last = self._pieces[-1] if self._pieces else None
            if isinstance(piece, bytes) and isinstance(last, bytes):
                self._pieces[-1] = last + piece
            else:
                self._pieces.append(piece)

    def encode(self, lookup: Lookup, seconds: float) -> bytes:
        """The JSON of one play, its times moved by so many seconds."""
        pieces = self._pieces
        return b"".join([p if isinstance(p, bytes) else self._fill(p, lookup, seconds) for p in pieces])

    def _fill(self, hole: _Hole, lookup: Lookup, seconds: float) -> bytes:
        value = render(hole.compiled, lookup)
        if not seconds:
            return _encode(value)
        moved = shift(value, seconds) if hole.is_time else shift_fields(value, self._time_fields, seconds)
        return _encode(moved)


def _cut(compiled: Any, time_fields: Container[str]) -> Iterator[bytes | _Hole]:
    if isinstance(compiled, Text):
        yield _Hole(compiled, is_time=False)
    elif isinstance(compiled, list):
        for index, item in enumerate(compiled):
            yield b"," if index else b"["
            yield from _cut(item, time_fields)
        yield b"]" if compiled else b"[]"
    elif isinstance(compiled, dict):
        for index, (key, item) in enumerate(compiled.items()):
            yield b"," if index else b"{"
            yield _Hole(key, is_time=False) if isinstance(key, Text) else _encode(key)
            yield b":"
            if key in time_fields:
                yield _Hole(item, is_time=True)
            else:
                yield from _cut(item, time_fields)
        yield b"}" if compiled else b"{}"
    else:
        yield _encode(compiled)
