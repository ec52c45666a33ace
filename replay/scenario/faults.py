"""Whether rules are well put: names and settings there are, times that can come, something to strike at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from replay import registry
from replay.errors import Problem
from replay.scenario.aims import Aim, aim_of, check_where, mistakes, unknown
from replay.scenario.clashes import Placed, check_clashes
from replay.scenario.durations import parse_duration
from replay.scenario.fault_settings import check_settings
from replay.scenario.ground import Ground
from replay.scenario.model import Fault, Scenario
from replay.scenario.reader import Document, Path

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%", re.ASCII)
_COUNTS = ("nth", "every", "first")


def check_faults(scenario: Scenario, document: Document, *, control_apart: bool = False) -> Iterator[Problem]:
    """Problems with the entries of `faults:`.

    Args:
        control_apart: Control has a port of its own, which faults of the whole server do not reach.
    """
    if scenario.faults:
        placed = [(("faults", at), fault) for at, fault in enumerate(scenario.faults)]
        yield from check_rules(placed, Ground([scenario]), document, control_apart=control_apart)


def check_rules(
    placed: Iterable[tuple[Path, Fault]],
    ground: Ground,
    document: Document,
    *,
    beside: Sequence[Fault] = (),
    control_apart: bool = False,
) -> Iterator[Problem]:
    """Problems with rules of one source, each with the path where it stands.

    Args:
        beside: Rules that are there already, and good.
        control_apart: Control has a port of its own, which faults of the whole server do not reach.
    """
    seen = {fault.name for fault in beside}
    rules = [Placed(None, fault, aim_of(fault, ground)) for fault in beside]
    for path, fault in placed:
        if fault.name in seen:
            yield document.problem((*path, "name"), f"two faults are called '{fault.name}'")
        seen.add(fault.name)
        yield from _when(fault, path, document)
        if fault.fault not in registry.FAULTS:
            yield unknown("fault", fault.fault, registry.FAULTS, (*path, "fault"), document)
            yield from mistakes(fault, path, ground, document)
            continue
        aim = aim_of(fault, ground)
        problems = [
            *check_settings(fault, aim.kind, path, document),
            *check_where(fault, aim, path, ground, document),
            *_counting(fault, aim, path, document),
        ]
        if aim.kind.whole_server and not (fault.ttl or control_apart):
            problems.append(_endless(fault, path, document))
        yield from problems
        if not problems:
            rules.append(Placed(path, fault, aim))
    yield from check_clashes(rules, document)


def _endless(fault: Fault, path: Path, document: Document) -> Problem:
    what = f"'{fault.fault}' reaches whoever controls the simulator too, so it has to say when it ends"
    advice = "Say 'ttl: 10s', or give control a port of its own with --control-port."
    return document.problem((*path, "fault"), what, help=advice)


def _counting(fault: Fault, aim: Aim, path: Path, document: Document) -> Iterator[Problem]:
    """Chance and counts where there is nothing to draw for, or to count."""
    if fault.chance and aim.metas == ("connect",):
        what = "how often a client polls is its own affair, so 'chance' cannot draw for connects"
        advice = "Say which of them: 'nth', 'every', 'from' with 'limit'; or let a step strike."
        yield document.problem((*path, "chance"), what, help=advice, key=True)
    if aim.kind.seams == {"traffic"}:
        reason = f"'{fault.fault}' holds for all that an agent gets"
        advice = "Say when by 'from' and 'until'."
    elif aim.is_by_the_clock:
        reason = f"'{fault.fault}' begins by the clock where nothing says what it strikes at"
        advice = "Say 'where', or when by 'from'."
    else:
        return
    for name in ("chance", *_COUNTS, "limit"):
        if getattr(fault, name):
            yield document.problem((*path, name), f"{reason}: '{name}' has no use", help=advice, key=True)


def _when(fault: Fault, path: Path, document: Document) -> Iterator[Problem]:
    if fault.chance:
        found = _PERCENT.fullmatch(fault.chance)
        if not found or not 0 < float(found[1]) <= 100:
            what = f"'{fault.chance}' is no chance; write it as 20%"
            yield document.problem((*path, "chance"), what)
    counts = [name for name in _COUNTS if getattr(fault, name)]
    if len(counts) > 1:
        what = f"'{counts[0]}' and '{counts[1]}' both say which times of '{fault.name}' are meant"
        yield document.problem((*path, counts[1]), what, help="Leave out one of them.", key=True)
    moments = {}
    for name, text in (("from", fault.from_), ("until", fault.until), ("ttl", fault.ttl)):
        if not text:
            continue
        try:
            moments[name] = parse_duration(text)
        except ValueError as error:
            yield document.problem((*path, name), str(error))
    if moments.get("from", 0.0) >= moments.get("until", float("inf")):
        what = f"'{fault.name}' ends before it begins"
        yield document.problem(
            (*path, "until"), what, help="'from' and 'until' both count from the beginning."
        )
    if moments.get("ttl") == 0.0:
        yield document.problem((*path, "ttl"), f"'{fault.name}' is taken away as soon as it is put up")
