"""JSON values with `${names}` in them held against each other: what differs, by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median_low
from typing import Any, NamedTuple

from replay.plan.values import same
from replay.scenario.templates import Part, Reference, parse
from replay.verify.diff_names import Pairing, Words
from replay.verify.moments import moment, time_shape

SLACK = 60.0
"""Seconds that times may be apart once the recordings' own times are; how long people took, delays tell."""

ABSENT = "(nothing)"
"""Stands for a value that the one side has and the other has not."""

Personal = Callable[[Sequence[str]], bool]
"""Whether a field holds personal data, by the names on the way to it; there pseudonyms are expected."""


class Change(NamedTuple):
    """A place where two values differ."""

    field: str
    """`body.chat.participants[1].nickname`."""
    a: Any
    b: Any


class Values:
    """Compares the values of two scenarios.

    First all pairs of values are gone through with `learn`, then `settle`, then `changes` says what differs
    by more than names, pseudonyms and the time of the recording.

    Args:
        ignore: Names of fields that are not compared, at whatever depth.
        times: Names of fields that hold times, which differ by one constant.
        steps: The other side's id for each step of the one, for `${step.name}`.
    """

    def __init__(
        self, ignore: Iterable[str], times: Iterable[str], steps: dict[str, str], personal: Personal
    ) -> None:
        self.names = Pairing()
        self.words = Words()
        self._ignore = frozenset(ignore)
        self._times = frozenset(times)
        self._steps = steps
        self._personal = personal
        self._shifts: list[float] = []
        self._shift = 0.0

    def learn(self, one: Any, other: Any, path: tuple[str, ...] = ()) -> None:
        """Two values stand in the same place."""
        if isinstance(one, dict) and isinstance(other, dict):
            for key, value in one.items():
                if key in other and key not in self._ignore:
                    self.learn(value, other[key], (*path, key))
        elif isinstance(one, list) and isinstance(other, list):
            for a, b in zip(one, other, strict=False):
                self.learn(a, b, path)
        elif path and path[-1] in self._times:
            moments = moment(one), moment(other)
            if moments[0] is not None and moments[1] is not None:
                self._shifts.append(moments[1] - moments[0])
        elif isinstance(one, str) and isinstance(other, str):
            self._learn_text(one, other, path)

    def _learn_text(self, one: str, other: str, path: tuple[str, ...]) -> None:
        parts = _parts(one), _parts(other)
        if [type(part) for part in parts[0]] != [type(part) for part in parts[1]]:
            return
        for a, b in zip(*parts, strict=True):
            if isinstance(a, Reference) and isinstance(b, Reference):
                self.names.see(a.name.rpartition(".")[2], b.name.rpartition(".")[2])
            elif isinstance(a, str) and isinstance(b, str) and self._personal(path):
                self.words.see(a, b, path[-1] if path else "")

    def settle(self) -> None:
        """All has been learned."""
        self.names.settle()
        self.words.settle()
        if self._shifts:
            self._shift = median_low(self._shifts)

    def changes(self, one: Any, other: Any, field: str) -> Iterator[Change]:
        """Where two values differ."""
        if isinstance(one, dict) and isinstance(other, dict):
            yield from self._objects(one, other, field)
        elif isinstance(one, list) and isinstance(other, list):
            yield from self._lists(one, other, field)
        elif not self._alike(one, other, field):
            yield Change(field, one, other)

    def _objects(self, one: dict[str, Any], other: dict[str, Any], field: str) -> Iterator[Change]:
        for key in [*one, *(key for key in other if key not in one)]:
            if key in self._ignore:
                continue
            inner = f"{field}.{key}" if field else key
            if key not in other:
                yield Change(inner, one[key], ABSENT)
            elif key not in one:
                yield Change(inner, ABSENT, other[key])
            else:
                yield from self.changes(one[key], other[key], inner)

    def _lists(self, one: list[Any], other: list[Any], field: str) -> Iterator[Change]:
        """Lists of one length place by place; else what both begin and end with alike is left out first."""
        begin = end = 0
        if len(one) != len(other):
            shorter = min(len(one), len(other))
            while begin < shorter and self.alike(one[begin], other[begin], field):
                begin += 1
            while end < shorter - begin and self.alike(one[-1 - end], other[-1 - end], field):
                end += 1
        left, right = one[begin : len(one) - end], other[begin : len(other) - end]
        for at in range(max(len(left), len(right))):
            inner = f"{field}[{begin + at}]"
            if at >= len(right):
                yield Change(inner, left[at], ABSENT)
            elif at >= len(left):
                yield Change(inner, ABSENT, right[at])
            else:
                yield from self.changes(left[at], right[at], inner)

    def alike(self, one: Any, other: Any, field: str) -> bool:
        """Whether nothing differs."""
        return next(self.changes(one, other, field), None) is None

    def _alike(self, one: Any, other: Any, field: str) -> bool:
        if field.rpartition(".")[2].partition("[")[0] in self._times:
            moments = moment(one), moment(other)
            if moments[0] is not None and moments[1] is not None:
                apart = abs(moments[1] - moments[0] - self._shift)
                return apart < SLACK and time_shape(one) == time_shape(other)
        if isinstance(one, str) and isinstance(other, str):
            return self.texts_alike(one, other, field)
        return same(one, other)

    def texts_alike(self, one: str, other: str, field: str) -> bool:
        """Whether two strings say the same but for names and pseudonyms."""
        if one == other and "${" not in one:
            return True
        path = tuple(part.partition("[")[0] for part in field.split("."))
        name = path[-1] if self._personal(path) else None
        parts = _parts(one), _parts(other)
        if len(parts[0]) != len(parts[1]):
            return False
        return all(self._parts_alike(a, b, name) for a, b in zip(*parts, strict=True))

    def _parts_alike(self, one: Part, other: Part, field: str | None) -> bool:
        if isinstance(one, str) or isinstance(other, str):
            both = isinstance(one, str) and isinstance(other, str)
            return both and self.words.alike(str(one), str(other), field)
        (step, _, name), (other_step, _, other_name) = one.name.rpartition("."), other.name.rpartition(".")
        return self.names.alike(name, other_name) and self._steps.get(step, step) == other_step


def _parts(text: str) -> tuple[Part, ...]:
    if "${" not in text:
        return (text,)
    try:
        return parse(text)
    except ValueError:
        # Outside steps, in the settings of a fault or a recorded value, it has no meaning.
        return (text,)
