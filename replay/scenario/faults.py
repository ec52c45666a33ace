"""Whether the faults of a scenario are well put: names that exist, times that can come."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay import registry
from replay.errors import Problem, nearest
from replay.scenario.durations import parse_duration
from replay.scenario.model import Fault, Scenario
from replay.scenario.reader import Document, Path
from replay.scenario.walk import placed_steps

METAS = ("handshake", "connect", "subscribe", "unsubscribe", "disconnect")
"""What `where: {meta: …}` may name."""

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%", re.ASCII)
_COUNTS = ("nth", "every", "first")


def check_faults(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with the entries of `faults:`."""
    steps = [step.id for _, step in placed_steps(scenario)]
    seen: set[str] = set()
    for at, fault in enumerate(scenario.faults):
        path: Path = ("faults", at)
        if fault.name in seen:
            yield document.problem((*path, "name"), f"two faults are called '{fault.name}'")
        seen.add(fault.name)
        yield from _known("fault", fault.fault, list(registry.FAULTS), (*path, "fault"), document)
        yield from _where(fault, (*path, "where"), steps, document)
        yield from _when(fault, path, document)


def _known(kind: str, name: str, known: list[str], path: Path, document: Document) -> Iterator[Problem]:
    if name not in known:
        advice = f"{nearest(name, known)} Known: {', '.join(known)}.".strip()
        yield document.problem(path, f"unknown {kind} '{name}'", help=advice)


def _where(fault: Fault, path: Path, steps: list[str], document: Document) -> Iterator[Problem]:
    where = fault.where
    if where.step and where.step not in steps:
        what = f"no step is called '{where.step}'"
        yield document.problem((*path, "step"), what, help=nearest(where.step, steps))
    if where.meta:
        meta = where.meta.removeprefix("/meta/")
        yield from _known("Bayeux message", meta, list(METAS), (*path, "meta"), document)
    if where.transport:
        known = list(registry.TRANSPORTS)
        yield from _known("transport", where.transport, known, (*path, "transport"), document)
    for name in ("path", "channel"):
        value = getattr(where, name)
        if value and not value.startswith("/"):
            what = f"the {name} '{value}' does not begin with '/'"
            yield document.problem((*path, name), what)


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
    moments = []
    for name, text in (("from", fault.from_), ("until", fault.until)):
        if not text:
            continue
        try:
            moments.append(parse_duration(text))
        except ValueError as error:
            yield document.problem((*path, name), str(error))
    if len(moments) == 2 and moments[0] >= moments[1]:
        what = f"'{fault.name}' ends before it begins"
        yield document.problem(
            (*path, "until"), what, help="'from' and 'until' both count from the beginning."
        )
