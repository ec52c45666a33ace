"""Rules that contradict each other: whenever one strikes, another decides the same thing too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from replay.errors import Problem
from replay.scenario.aims import Aim
from replay.scenario.durations import parse_duration
from replay.scenario.model import Fault
from replay.scenario.reader import Document, Path

_TIMES = 1_000
"""So many occasions are looked at for one that two rules both mean."""


class Placed(msgspec.Struct, frozen=True):
    """A rule, where it stands, and what it strikes at."""

    path: Path | None
    """None for one that was there before."""
    fault: Fault
    aim: Aim


def check_clashes(rules: Iterable[Placed], document: Document) -> Iterator[Problem]:
    """Each rule that can do nothing without another contradicting it, once."""
    alike: dict[tuple[object, ...], list[Placed]] = {}
    always: dict[str, list[Placed]] = {}
    for rule in rules:
        decides = rule.aim.kind.decides
        if not decides:
            continue
        given = tuple(rule.aim.given.items())
        same = alike.setdefault((decides, given), [])
        wide = always.setdefault(decides, [])
        clash = next((other for other in same if _meet(other, rule) and _same_times(other, rule)), None)
        clash = clash or next((other for other in wide if _meet(other, rule) and _covers(other, rule)), None)
        if clash is None and _is_always(rule):
            clash = next(
                (
                    other
                    for (what, _), others in alike.items()
                    if what == decides
                    for other in others
                    if _meet(other, rule) and _covers(rule, other)
                ),
                None,
            )
        if clash is not None and rule.path is not None:
            yield _told(clash, rule, document)
        same.append(rule)
        if _is_always(rule):
            wide.append(rule)


def _told(first: Placed, second: Placed, document: Document) -> Problem:
    assert second.path is not None
    place = f" ({document.spot(first.path)})" if first.path is not None else ""
    decides = first.aim.kind.decides
    what = f"'{second.fault.name}' contradicts '{first.fault.name}'{place}: both decide {decides}"
    advice = "They strike at the same times: part those by 'nth', 'from' and 'until', or leave out one."
    return document.problem(second.path, what, help=advice)


def _meet(one: Placed, other: Placed) -> bool:
    """Whether there is something that both strike at."""
    seams = one.aim.seams & other.aim.seams
    if seams == {"meta"}:
        return bool(set(one.aim.metas) & set(other.aim.metas))
    clocks = one.aim.is_by_the_clock, other.aim.is_by_the_clock
    return bool(seams) and clocks[0] == clocks[1]


def _is_always(rule: Placed) -> bool:
    """Whether it strikes at all that it looks at."""
    fault = rule.fault
    return not (fault.chance or fault.nth or fault.every or fault.first or fault.limit or fault.ttl)


def _covers(one: Placed, other: Placed) -> bool:
    """Whether a rule that strikes always does so whenever the other one does, which chance leaves open."""
    if other.fault.chance or not one.aim.given.items() <= other.aim.given.items():
        return False
    (since, until), (begins, ends) = _window(one.fault), _window(other.fault)
    return since <= begins and ends <= until


def _same_times(one: Placed, other: Placed) -> bool:
    """Whether two rules that look at the same things mean one of them both."""
    if one.fault.chance or other.fault.chance or _window(one.fault) != _window(other.fault):
        return False
    if _is_always(one) and _is_always(other):
        return True
    return not _times(one.fault).isdisjoint(_times(other.fault))


def _times(fault: Fault) -> set[int]:
    """The counts that a rule means."""
    if fault.nth:
        meant = [count for count in sorted(set(fault.nth)) if count <= _TIMES]
    elif fault.every:
        meant = list(range(fault.every, _TIMES, fault.every))
    else:
        meant = list(range(1, min(fault.first or _TIMES, _TIMES) + 1))
    return set(meant[: fault.limit])


def _window(fault: Fault) -> tuple[float, float]:
    """From when to when, in seconds after `start`; what is no duration is told elsewhere."""
    try:
        since = parse_duration(fault.from_) if fault.from_ else 0.0
        until = parse_duration(fault.until) if fault.until else float("inf")
    except ValueError:
        return -1.0, -1.0
    return since, until
