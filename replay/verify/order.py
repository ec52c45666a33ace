"""Whether events came in the order of their story: after what they follow, those of one cause in turn."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from replay.plan.intervals import Interval
from replay.scenario.triggers import Moment

Order = Literal["strict", "causal", "any"]
"""`strict`: events come as they stand in the file. `causal`: nothing comes before what it follows, events of
one cause keep their order, those of independent causes may swap. `any`: nothing is held."""


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
    if order == "strict":
        yield from _out_of_line(held, places, strict=True)
        return
    groups: dict[frozenset[Moment], list[Told]] = defaultdict(list)
    for each in held:
        groups[frozenset(each.moments)].append(each)
    for group in groups.values():
        group.sort(key=lambda each: each.interval.played)
        yield from _out_of_line(group, places, strict=False)


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


def _out_of_line(line: Sequence[Told], places: Mapping[Moment, int], *, strict: bool) -> Iterator[Misplaced]:
    """Those that stand elsewhere than the most that are in line.

    Args:
        line: In the order in which they should have come.
        strict: Also of those that might have happened at one time.
    """
    seen = [places[Moment(each.step)] for each in line]
    kept = _longest_rise(seen)
    if len(kept) == len(line):
        return
    in_line = sorted(kept)
    stays = [(line[at], seen[at], at) for at in in_line]
    for at in sorted(set(range(len(line))) - set(kept)):
        cut = bisect_left(in_line, at)
        # What stands before it in the file and came later, the nearest; or the other way round.
        before = [each for each, place, _ in reversed(stays[:cut]) if place > seen[at]]
        after = [each for each, place, _ in stays[cut:] if place < seen[at]]
        for others, is_early in ((before, True), (after, False)):
            first = next((each for each in others if strict or _ordered(each, line[at], is_early)), None)
            if first is not None:
                yield Misplaced(line[at].step, first.step, is_early=is_early)
                break


def _ordered(other: Told, one: Told, is_early: bool) -> bool:
    """Whether two events of one cause cannot but come in the order of their delays."""
    first, second = (other, one) if is_early else (one, other)
    return first.interval.latest < second.interval.earliest


def _longest_rise(numbers: Sequence[int]) -> list[int]:
    """The places of a longest run of numbers, with others between, each of which is greater than the last."""
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
    return found
