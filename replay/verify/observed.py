"""An answer or an event of a server held against what a scenario says of it, in as few words as tell it.

Beside what is missing and what is other, what is new is a difference too. Elements of a list that are the
same in another order are one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from replay.plan.difference import Difference
from replay.plan.values import MISSING, Comparison, Text, as_text, heeded, readable
from replay.verify.moments import moment, time_shape

ORDER = ".(order)"
"""What the field of a difference ends with that is about the order of a list."""

_MANY = 64
"""Elements of a list, or fields of an object, up to which each is held against each."""
_SHOWN = 12
"""Elements of a list of which it is said where they stand."""
_ZONE = re.compile(r"[+-](?=\d\d:?\d\d$)")


class Observed(Comparison):
    """A compiled value held against what came."""

    def __init__(
        self,
        bound: Mapping[str, Any],
        recorded: Mapping[str, Any],
        *,
        times: frozenset[str] = frozenset(),
        ids: frozenset[str] = frozenset(),
        whole: bool = True,
    ) -> None:
        """Nothing is compared yet.

        Args:
            bound: Names that compare instead of capturing.
            recorded: What stood for names when the scenario was recorded: the JSON types they have.
            times: Names that stand for some time or other, written as the recorded one is.
            ids: Names that stand for one thing each: none is called as another one.
            whole: Whether orders are looked for: not while that is being done.
        """
        super().__init__(bound, exact=True)
        self._recorded = recorded
        self._times = times
        self._ids = ids
        self._whole = whole

    def compare(self, expected: Any, got: Any, field: str) -> None:
        """Notes differences and captures of one value and all below it."""
        if isinstance(expected, list) and isinstance(got, list):
            self._lists(expected, got, field)
        elif isinstance(expected, Text) and expected.whole is not None:
            self._named_value(expected.whole, got, field)
        else:
            super().compare(expected, got, field)

    def _named_value(self, name: str, got: Any, field: str) -> None:
        """What a path told as text may stand in a body as a number, if it was one there before."""
        known = self.captures.get(name, self._bound.get(name, MISSING))
        recorded = self._recorded.get(name, got)
        is_other = json_type(got) != json_type(recorded) or (
            known != MISSING and as_text(known) != as_text(got)
        )
        if is_other or (name in self._times and not _is_moved(Difference(field, recorded, got))):
            self.differences.append(Difference(field, recorded if known == MISSING else known, got))
        elif known == MISSING:
            twin = self._twin(name, got)
            if twin:
                self.differences.append(Difference(field, f"another than ${{{twin}}}", got))
            self.captures[name] = got

    def _twin(self, name: str, got: Any) -> str:
        """Another name that stands for the same, though it did not when the scenario was recorded."""
        if name not in self._ids:
            return ""
        known = {**self._bound, **self.captures}
        for other in sorted(each for each in known if each in self._ids):
            if known[other] == got and self._recorded[other] != self._recorded[name]:
                return other
        return ""

    def _trial(self, *, whole: bool) -> Observed:
        bound = {**self._bound, **self.captures}
        return Observed(bound, self._recorded, times=self._times, ids=self._ids, whole=whole)

    def _adopt(self, trial: Observed) -> None:
        self.captures.update(trial.captures)
        self.differences += trial.differences

    # Lists

    def _lists(self, expected: Sequence[Any], got: Sequence[Any], field: str) -> None:
        begin, end = self._alike_ends(expected, got) if len(expected) != len(got) else (0, 0)
        ours, theirs = expected[begin : len(expected) - end], got[begin : len(got) - end]
        trial = self._trial(whole=self._whole)
        for at in range(max(len(ours), len(theirs))):
            inner = f"{field}[{begin + at}]"
            if at >= len(theirs):
                trial.differences.append(Difference(inner, readable(ours[at]), MISSING))
            elif at >= len(ours):
                trial.differences.append(Difference(inner, MISSING, theirs[at]))
            else:
                trial.compare(ours[at], theirs[at], inner)
        if trial.differences and self._whole and 1 < len(expected) == len(got) <= _MANY:
            order = self._order(expected, got)
            if order is not None:
                self.differences.append(Difference(f"{field}{ORDER}", *_orders(order)))
                return
        self._adopt(trial)

    def _alike_ends(self, expected: Sequence[Any], got: Sequence[Any]) -> tuple[int, int]:
        """How many elements are the same at the beginning and at the end; what they capture is known then."""
        shorter = min(len(expected), len(got))
        begin = end = 0
        while begin < shorter and self.is_alike(expected[begin], got[begin]):
            begin += 1
        while end < shorter - begin and self.is_alike(expected[-1 - end], got[-1 - end]):
            end += 1
        return begin, end

    def is_alike(self, expected: Any, got: Any) -> bool:
        """Whether nothing differs; what the one captures of the other is known then."""
        trial = self._trial(whole=False)
        trial.compare(expected, got, "")
        if not trial.differences:
            self._adopt(trial)
        return not trial.differences

    def _order(self, expected: Sequence[Any], got: Sequence[Any]) -> list[int] | None:
        """The places, from 1, of the elements that came, if they are those expected; else None."""
        trial = self._trial(whole=False)
        free = dict(enumerate(expected, 1))
        order = []
        for each in got:
            place = next((at for at, one in free.items() if trial.is_alike(one, each)), None)
            if place is None:
                return None
            del free[place]
            order.append(place)
        self._adopt(trial)
        return order


def json_type(value: Any) -> str:
    """Which of JSON's types a value has."""
    for kind, name in ((bool, "boolean"), (int | float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object" if isinstance(value, dict) else "null"


def _orders(places: list[int]) -> tuple[str, str]:
    """How the two orders of a list are called."""
    came = ", ".join(map(str, places[:_SHOWN])) + (", …" if len(places) > _SHOWN else "")
    return f"{len(places)} elements", f"the same, in the order {came}"


def noteworthy(
    differences: Collection[Difference], ignored: Collection[str], moved: Collection[str]
) -> list[Difference]:
    """Those that lie in no field that is ignored; of a time that is moved, those of how it is written."""
    return [
        each
        for each in heeded(differences, ignored)
        if each.field.rpartition(".")[2].partition("[")[0] not in moved or not _is_moved(each)
    ]


def _is_moved(each: Difference) -> bool:
    """Whether both are moments, written alike."""
    if moment(each.expected) is None or moment(each.got) is None:
        return False
    shapes = {_ZONE.sub("+", f"{value}") for value in (each.expected, each.got)}
    return len({time_shape(shape) for shape in shapes}) == 1
