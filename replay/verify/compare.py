"""Two runs of one story held against each other: same steps, same order, same values, same gaps.

Values are the same "up to pseudonyms": ids, hosts and times may differ if they do so alike everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from itertools import zip_longest
from typing import Any

import msgspec

from replay.plan.difference import Difference
from replay.plan.values import MISSING, same
from replay.verify.moments import moment, time_shape
from replay.verify.role import Seen

_WORD = re.compile(r"[A-Za-z0-9_-]+")
_ORIGIN = re.compile(r"https?://[^/\s\"]+")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the comparison."""

    one: Seen | None
    other: Seen | None
    apart: float = 0.0
    """Seconds by which the gap before it differs, the other's minus the one's."""
    differences: tuple[Difference, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether both runs have it and say the same."""
        return self.one is not None and self.other is not None and not self.differences


def compare(one: Sequence[Seen], other: Sequence[Seen], moved: Container[str]) -> list[Row]:
    """Holds two runs against each other, row by row.

    Args:
        moved: Fields that hold times, which differ by one constant between the runs.
    """
    likeness = Likeness(moved)
    rows = []
    before = (0.0, 0.0)
    for left, right in zip_longest(one, other):
        if left is None or right is None:
            rows.append(Row(one=left, other=right))
            continue
        differences = list(likeness.differences(left.kind, right.kind, "kind"))
        differences += likeness.differences(left.what, right.what, "what")
        differences += likeness.differences(left.value, right.value, "value")
        apart = (right.at - before[1]) - (left.at - before[0])
        before = (left.at, right.at)
        rows.append(Row(one=left, other=right, apart=apart, differences=tuple(differences)))
    return rows


class Likeness:
    """A mapping between the ids, hosts and times of two runs, learned as they are compared.

    Ids map one to one, hosts each to one: two names of a server may both have become its address.
    """

    def __init__(self, moved: Container[str]) -> None:
        self._moved = moved
        self._there: dict[str, str] = {}
        self._back: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        self._shift: float | None = None

    def differences(self, one: Any, other: Any, field: str) -> list[Difference]:
        """Where the values differ by more than names."""
        if isinstance(one, dict) and isinstance(other, dict):
            found = self._keys(one, other, field)
            for key in one:
                if key in other:
                    found += self.differences(one[key], other[key], f"{field}.{key}")
            return found
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs = enumerate(zip(one, other, strict=True))
            return [d for i, (a, b) in pairs for d in self.differences(a, b, f"{field}[{i}]")]
        return [] if self._alike(one, other, field) else [Difference(field, one, other)]

    def _keys(self, one: dict[str, Any], other: dict[str, Any], field: str) -> list[Difference]:
        missing = [Difference(f"{field}.{key}", one[key], MISSING) for key in one if key not in other]
        extra = [Difference(f"{field}.{key}", MISSING, other[key]) for key in other if key not in one]
        return missing + extra

    def _alike(self, one: Any, other: Any, field: str) -> bool:
        if field.rpartition(".")[2].partition("[")[0] in self._moved:
            first, second = moment(one), moment(other)
            if first is not None and second is not None:
                return time_shape(one) == time_shape(other) and self._moved_alike(first, second)
        if isinstance(one, str) and isinstance(other, str):
            return self._alike_texts(one, other)
        return same(one, other)

    def _alike_texts(self, one: str, other: str) -> bool:
        hosts = _ORIGIN.findall(one), _ORIGIN.findall(other)
        one, other = _ORIGIN.sub("//", one), _ORIGIN.sub("//", other)
        words = _WORD.findall(one), _WORD.findall(other)
        if _WORD.sub("-", one) != _WORD.sub("-", other) or len(hosts[0]) != len(hosts[1]):
            return False
        if not all(self._hosts.setdefault(a, b) == b for a, b in zip(*hosts, strict=True)):
            return False
        return all(self._same_name(a, b) for a, b in zip(*words, strict=True))

    def _same_name(self, one: str, other: str) -> bool:
        if one != other and not (_is_id(one) and _is_id(other) and len(one) == len(other)):
            return False
        if not _is_id(one):
            return True
        return self._there.setdefault(one, other) == other and self._back.setdefault(other, one) == one

    def _moved_alike(self, first: float, second: float) -> bool:
        if self._shift is None:
            self._shift = second - first
        return abs(second - first - self._shift) < 0.002


def _is_id(word: str) -> bool:
    return len(word) >= 6 and any(character.isdigit() for character in word)
