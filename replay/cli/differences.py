"""What differs between two scenarios, as lines for a person to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from replay.scenario.model import RequestStep, Scenario, Step
from replay.verify.diff import Report
from replay.verify.diff_values import ABSENT
from replay.verify.report import Difference

FIELDS = 12
"""Differences shown of one step; the others are counted."""
STEPS = 60
"""Steps shown; the others are counted."""
_WIDTH = 60
_PLAIN = {"request", "answer", "event"}

Line = Text | Table


def lines(report: Report, a: Scenario, b: Scenario, names: tuple[str, str]) -> Iterator[Line]:
    """The report; of steps that are the same, only the neighbours of those that are not.

    Args:
        names: What to call A and B.
    """
    of_all = [each for each in report.differences if not each.step]
    by_step: dict[str, list[Difference]] = {}
    for each in report.differences:
        if each.step and each.kind != "renamed":
            # An id may stand for one step in A and for another in B.
            by_step.setdefault(("b " if each.kind == "only in b" else "a ") + each.step, []).append(each)
    yield Text(_summary(report, len(by_step), names), style="bold")
    for line in _notes(report):
        yield Text(line, style="dim")
    if of_all:
        yield Text()
        yield _table(of_all)
    yield from _steps(by_step, a, b, names)


def _summary(report: Report, steps: int, names: tuple[str, str]) -> str:
    counts = " and ".join(_counted(number, "step") for number in dict.fromkeys(report.steps))
    what = f"{names[0]} and {names[1]}: {counts}"
    if report.same:
        return f"{what}, the same story"
    return f"{what}, {report.matched:,} in both; {_counted(steps, 'step')} with differences"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _notes(report: Report) -> Iterator[str]:
    renamed = {each.step: each.other for each in report.differences if each.kind == "renamed"}
    for what, pairs in (
        ("steps renamed", renamed),
        ("variables with other names, used alike", report.variables),
        ("agents with other names", report.roles),
        ("pseudonyms", report.pseudonyms),
    ):
        if pairs:
            some = ", ".join(
                f"{one or 'the only one'} → {other or 'the only one'}"
                for one, other in list(pairs.items())[:4]
            )
            more = f", … ({len(pairs):,} in all)" if len(pairs) > 4 else ""
            yield f"  {what}: {some}{more}"


def _steps(
    by_step: dict[str, list[Difference]], a: Scenario, b: Scenario, names: tuple[str, str]
) -> Iterator[Line]:
    ours, theirs = [*a.session, *a.steps], {step.id: step for step in (*b.session, *b.steps)}
    places = {step.id: at for at, step in enumerate(ours)}
    shown = -1
    for found in list(by_step.values())[:STEPS]:
        first = found[0]
        at = places.get(first.step, -1) if first.kind != "only in b" else -1
        if at >= 0:
            yield from _context(ours, range(max(shown, at - 2) + 1, at), by_step, gap=shown < at - 2)
            shown = at
        step = theirs[first.step] if first.kind == "only in b" else ours[places[first.step]]
        yield Text()
        yield from _step(step, found, names)
        following = at + 1
        if at >= 0 and following < len(ours) and f"a {ours[following].id}" not in by_step:
            yield from _context(ours, range(following, following + 1), by_step, gap=False)
            shown = following
    if len(by_step) > STEPS:
        yield Text()
        yield Text(f"… and {_counted(len(by_step) - STEPS, 'more step')}; --json has them all", style="dim")


def _context(steps: Sequence[Step], places: range, known: dict[str, Any], *, gap: bool) -> Iterator[Line]:
    """Steps that are the same, beside one that is not."""
    lines_shown = [steps[at] for at in places if f"a {steps[at].id}" not in known]
    if gap and lines_shown:
        yield Text("  …", style="dim")
    for step in lines_shown:
        yield Text(f"  {_title(step)}", style="dim", overflow="ellipsis", no_wrap=True)


def _step(step: Step, found: list[Difference], names: tuple[str, str]) -> Iterator[Line]:
    kind = found[0].kind
    if kind in {"only in a", "only in b"}:
        here, style = (names[0], "red") if kind == "only in a" else (names[1], "green")
        sign = "-" if kind == "only in a" else "+"
        yield Text(f"{sign} {_title(step)}   only in {here}", style=style)
        return
    yield Text(f"~ {_title(step)}", style="yellow")
    yield _table(found[:FIELDS])
    if len(found) > FIELDS:
        more = _counted(len(found) - FIELDS, "more difference")
        yield Text(f"    … and {more}; --json has them all", style="dim")


def _title(step: Step) -> str:
    if isinstance(step, RequestStep):
        return f"{step.id}: {step.request}"
    return f"{step.id}: push {step.push}, {step.after}"


def _table(found: Sequence[Difference]) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(style="red", overflow="fold", max_width=_WIDTH)
    table.add_column(style="dim")
    table.add_column(style="green", overflow="fold", max_width=_WIDTH)
    table.add_column(style="dim", no_wrap=True)
    for each in found:
        cells = _label(each), shown(each.a), "→", shown(each.b), _aside(each)
        table.add_row(*map(Text, cells))
    return table


def _label(each: Difference) -> str:
    """What differs; the fields of requests, answers and events say themselves whose they are."""
    return f"    {each.field if each.kind in _PLAIN else f'{each.kind} {each.field}'.rstrip()}"


def _aside(each: Difference) -> str:
    if each.apart is None:
        return ""
    return f"{abs(each.apart) * 1000:,.0f} ms {'later' if each.apart > 0 else 'earlier'}"


def shown(value: Any) -> str:
    """A value in a few dozen characters."""
    if value == ABSENT:
        return ABSENT
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 2 * _WIDTH else f"{text[: 2 * _WIDTH]}… ({len(text):,} characters)"
