"""Whether events came in the order of their story: after what they follow, those of one cause in turn."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from replay.plan.intervals import Interval
from replay.scenario.triggers import Moment

Order = Literal["strict", "causal", "any"]
"""`strict`: events come in the order of their times in the story. `causal`: nothing comes before what it
follows, events of one cause keep their order, those of independent causes may swap. `any`: as they like."""

_SAME = 1e-6
"""Seconds that sums of the same delays may be apart."""


class Misplaced(NamedTuple):
    """An event that came before something it should have followed, or after what should have followed it."""

    step: str
    other: str
    """What it should have followed, or preceded: a step, or `STEP.response`."""
    is_early: bool


class Told(NamedTuple):
    """An event of a story, as far as its order goes."""

    step: str
    moments: tuple[Moment, ...]
    interval: Interval
    """After the last of its moments."""
    span: Interval
    """After the story began."""


def misplaced(events: Sequence[Told], places: Mapping[Moment, int], order: Order) -> Iterator[Misplaced]:
    """The events that came out of order.

    Args:
        events: In the order of the file; those that did not come are passed by.
        places: Where each moment stands in what was seen.
    """
    if order == "any":
        return
    told = {each.step: each for each in events}
    came = [each for each in events if Moment(each.step) in places]
    early = {each.step for each in came}
    for each in came:
        cause = _unmet(each, told, places)
        if cause is None:
            early.discard(each.step)
        else:
            name = f"{cause.step}.response" if cause.response else cause.step
            yield Misplaced(each.step, name, is_early=True)
    held = [each for each in came if each.step not in early]
    groups: dict[frozenset[Moment], list[Told]] = defaultdict(list)
    for each in held:
        groups[frozenset(each.moments)].append(each)
    lines = [[_Placed(each, each.interval) for each in group] for group in groups.values()]
    if order == "strict":
        lines.insert(0, [_Placed(each, each.span) for each in held])
    found: dict[str, Misplaced] = {}
    for line in lines:
        for misplaced in _out_of_line(sorted(line, key=lambda each: each.interval.played), places):
            found.setdefault(misplaced.step, misplaced)
    yield from found.values()


def _unmet(event: Told, told: Mapping[str, Told], places: Mapping[Moment, int]) -> Moment | None:
    """What an event follows and came before; of what never came, what that follows counts."""
    at, left, met = places[Moment(event.step)], list(event.moments), set()
    while left:
        moment = left.pop()
        if moment in met:
            continue
        met.add(moment)
        place = places.get(moment)
        if place is None:
            left += told[moment.step].moments if moment.step in told else ()
        elif place > at:
            return moment
    return None


class _Placed(NamedTuple):
    told: Told
    interval: Interval
    """When it may have come, counted from what all of a line are counted from."""


def _out_of_line(line: Sequence[_Placed], places: Mapping[Moment, int]) -> Iterator[Misplaced]:
    """Those that stand elsewhere than the most that are in line, and cannot have come so.

    Args:
        line: In the order in which they should have come.
    """
    seen = [places[Moment(each.told.step)] for each in line]
    in_line = _longest_rise(seen)
    for at in sorted(set(range(len(line))) - set(in_line)):
        cut = bisect_left(in_line, at)
        # What stands before it and came later, the nearest; or the other way round.
        before = (line[each] for each in reversed(in_line[:cut]) if seen[each] > seen[at])
        after = (line[each] for each in in_line[cut:] if seen[each] < seen[at])
        one = line[at]
        first = next((each for each in before if _is_before(each, one)), None)
        if first is not None:
            yield Misplaced(one.told.step, first.told.step, is_early=True)
            continue
        then = next((each for each in after if _is_before(one, each)), None)
        if then is not None:
            yield Misplaced(one.told.step, then.told.step, is_early=False)


def _is_before(one: _Placed, other: _Placed) -> bool:
    """Whether the one cannot have come after the other."""
    return one.interval.latest + _SAME < other.interval.earliest


def _longest_rise(numbers: Sequence[int]) -> list[int]:
    """The places, in order, of a longest run of rising numbers, with others between."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int | None] = []
    for at, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(places[length - 1] if length else None)
        ends[length : length + 1] = [number]
        places[length : length + 1] = [at]
    found: list[int] = []
    last = places[-1] if places else None
    while last is not None:
        found.append(last)
        last = before[last]
    return found[::-1]
