"""Values that differ between recordings of one story, and what is written in their place.

Under pseudonyms of its own each recording says the same, in fields that are redacted and wherever the same
words stand. A time is moved (`shift_times`). What has the shape of an id is made anew; the same ids elsewhere
are the same variable. A whole number that goes up by one from step to step is counted. What only the client
can have made up, since it stands in a request first, is captured. Any other field is volatile, and not
compared (`ignore`), if it differs in most places where it stands; where it is the same in most, the first
recording is believed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from replay.distil.ids import identifier, is_opaque
from replay.plan.times import shift
from replay.profiles.profile import COUNTER, LOOKALIKE, Profile
from replay.scenario.model import Variable
from replay.verify.diff_names import Words
from replay.verify.diff_values import Personal

_DAY = 86400.0


class Place(NamedTuple):
    """Where a value stands."""

    step: str
    asked: bool
    """In what the client sends."""
    path: tuple[str, ...] = ()
    """Names of the fields that lead to it."""

    @property
    def field(self) -> str:
        """The nearest of them."""
        return self.path[-1] if self.path else ""


class Difference(msgspec.Struct, frozen=True):
    """Scalars that stand at the same place and differ; in the order of the recordings."""

    place: Place
    values: tuple[Any, ...]
    whole: bool
    """All recordings tell this step."""


class Differing:
    """Collects what differs, then says what to write."""

    def __init__(
        self, profile: Profile, known: dict[str, Variable], free: Callable[[str], str], personal: Personal
    ) -> None:
        self._profile = profile
        self._known = known
        self._free = free
        self._personal = personal
        self._words: dict[int, Words] = defaultdict(Words)
        """For each recording but the first, its pseudonyms."""
        self._found: list[Difference] = []
        self._same: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self.shifted: set[str] = set()
        self.ignored: set[str] = set()
        self.disputed: dict[tuple[str, str], None] = {}
        """Step and field where the first recording is believed against the others."""

    # First, what differs

    def collect(self, place: Place, values: list[Any], *, whole: bool = True) -> Any:
        """Takes note of a scalar as all recordings have it."""
        if self._personal(place.path) and all(isinstance(value, str) for value in values):
            for recording, value in enumerate(values[1:], 1):
                self._words[recording].see(values[0], value, place.field)
        if all(_same(values[0], value) for value in values[1:]):
            self._same[place.field] += 1
        else:
            self._found.append(Difference(place, tuple(values), whole))
        return values[0]

    def uneven(self, place: Place) -> None:
        """Takes note of a list or an object that is of another size or kind elsewhere."""
        self.disputed[place.step, place.field] = None

    # Then, what to write

    def decide(self) -> None:
        """Once everything is collected."""
        for words in self._words.values():
            words.settle()
        fields: dict[str, list[Difference]] = defaultdict(list)
        for each in self._found:
            if not self._is_pseudonym(each):
                fields[each.place.field].append(each)
        for field, found in fields.items():
            self._decide(field, found)

    def _decide(self, field: str, found: list[Difference]) -> None:
        values = [value for each in found for value in each.values]
        if all(_is_time(value) for value in values):
            self.shifted.add(field)
            return
        if _counts(found):
            for each in found:
                self._name(each, COUNTER)
            return
        left = [each for each in found if not self._is_variable(each)]
        if not left:
            return
        # What has no field around it, or one without a name, cannot be named in `ignore`.
        if field and len(left) > self._same[field]:
            self.ignored.add(field)
            return
        for each in left:
            self.disputed[each.place.step, field] = None

    def _is_pseudonym(self, each: Difference) -> bool:
        """Whether all say the same, each under pseudonyms of its own; those of the first will do."""
        first, *others = each.values
        if not self._words or not each.whole or any(not isinstance(value, str) for value in each.values):
            return False
        field = each.place.field if self._personal(each.place.path) else None
        return all(self._words[at].alike(first, value, field) for at, value in enumerate(others, 1))

    def _is_variable(self, each: Difference) -> bool:
        """Whether it is an id or the client's own, and so has a name."""
        if _identity(each.values) in self._names:
            return True
        if any(not isinstance(value, str) or "${" in value for value in each.values):
            return False
        if each.place.asked:
            self._name(each, None)
            return True
        make = self._make(each.values)
        if make is not None:
            self._name(each, make)
        return make is not None

    def _make(self, values: tuple[Any, ...]) -> str | None:
        for shape in self._profile.ids:
            if all(shape.pattern.fullmatch(value) for value in values):
                return shape.make
        return LOOKALIKE.make if all(is_opaque(value) for value in values) else None

    def _name(self, each: Difference, make: str | None) -> None:
        if _identity(each.values) not in self._names:
            name = self._free(identifier(each.place.field))
            self._known[name] = Variable(recorded=each.values[0], make=make)
            self._names[_identity(each.values)] = name

    def written(self, _place: Place, values: list[Any], *, whole: bool = True) -> Any:  # noqa: ARG002
        """What to write for a scalar as all recordings have it."""
        name = self._names.get(_identity(tuple(values)))
        if name is None or all(_same(values[0], value) for value in values[1:]):
            return values[0]
        return f"${{{name}}}"


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _identity(values: tuple[Any, ...]) -> str:
    return repr(values)


def _is_time(value: Any) -> bool:
    return bool(shift(value, _DAY) != value)


def _counts(found: list[Difference]) -> bool:
    """Whether whole numbers go up by one from place to place, in every recording."""
    rows = [each.values for each in found]
    if len(rows) < 2 or not all(each.whole for each in found):
        return False
    if any(not isinstance(value, int) or isinstance(value, bool) for row in rows for value in row):
        return False
    return all(
        after - before == 1 for column in zip(*rows, strict=True) for before, after in pairwise(column)
    )
