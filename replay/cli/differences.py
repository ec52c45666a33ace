"""What differs between a scenario and another, or a server, as lines for a person to read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from unicodedata import normalize

from rich.table import Table
from rich.text import Text

from replay.account import printable
from replay.cli.junit import Case
from replay.scenario.model import RequestStep, Scenario, Step
from replay.verify.diff import Report
from replay.verify.diff_values import ABSENT
from replay.verify.report import Difference

FIELDS = 12
"""Differences shown of one step; the others are counted."""
STEPS = 60
"""Steps shown; the others are counted."""
OF_ALL = "settings and variables"
_WIDTH = 60
_LONGEST = 2 * _WIDTH
"""Characters of a value that are shown, and of what two have in common, before they differ."""
_BEFORE = 20
_PLAIN = {"request", "answer", "event", "channel"}

Line = Text | Table
Blocks = dict[str, list[Difference]]
"""Differences of one step together, by a key that says whose step it is."""


def lines(report: Report, a: Scenario, b: Scenario, names: tuple[str, str]) -> Iterator[Line]:
    """What `diff` found; of steps that are the same, only the neighbours of those that are not.

    Args:
        names: What to call A and B.
    """
    steps = blocks(report.differences)
    yield Text(_summary(report, len(steps), names), style="bold")
    for line in _notes(report):
        yield Text(line, style="dim")
    yield from told(report.differences, (*a.session, *a.steps), (*b.session, *b.steps), names)


def cases(report: Report, a: Scenario) -> list[Case]:
    """What `diff` found as test cases: one of what is of no step, one for each step of A, then those of B.

    They bear the steps' names, so that they are the same ones in every run.
    """
    found: dict[str, list[str]] = {OF_ALL: [], **{step.id: [] for step in (*a.session, *a.steps)}}
    for each in report.differences:
        name = f"only in b: {each.step}" if each.kind == "only in b" else each.step or OF_ALL
        found.setdefault(name, []).append(sentence(each))
    return [
        Case(name=name, outcome="failure" if said else "passed", told=said) for name, said in found.items()
    ]


def told(
    differences: Sequence[Difference], ours: Sequence[Step], theirs: Sequence[Step], names: tuple[str, str]
) -> Iterator[Line]:
    """Differences step by step, each with its neighbours.

    Args:
        ours: All steps of A, in the order of the file.
        theirs: Those of B, where it has any.
        names: What to call A and B.
    """
    of_all = [each for each in differences if not _of_step(each)]
    if of_all:
        yield Text()
        yield _table(of_all)
    yield from _steps(blocks(differences), ours, {step.id: step for step in theirs}, names)


def blocks(differences: Sequence[Difference]) -> Blocks:
    """The differences that are of steps, in order; an event that is no step stands by itself."""
    found: Blocks = {}
    for at, each in enumerate(differences):
        if _of_step(each) and each.kind != "renamed":
            # An id may stand for one step in A and for another in B.
            side = "b" if each.kind == "only in b" else "a"
            found.setdefault(f"{side} {each.step or at}", []).append(each)
    return found


def _of_step(each: Difference) -> bool:
    return bool(each.step) or each.kind == "only in b"


def _summary(report: Report, steps: int, names: tuple[str, str]) -> str:
    counts = " and ".join(counted(number, "step") for number in dict.fromkeys(report.steps))
    what = f"{names[0]} and {names[1]}: {counts}"
    if report.same:
        return f"{what}, the same story"
    return f"{what}, {report.matched:,} in both; {counted(steps, 'step')} with differences"


def counted(number: int, noun: str) -> str:
    """So many of something."""
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
    by_step: Blocks, ours: Sequence[Step], theirs: dict[str, Step], names: tuple[str, str]
) -> Iterator[Line]:
    places = {step.id: at for at, step in enumerate(ours)}
    shown_to = -1
    for found in list(by_step.values())[:STEPS]:
        first = found[0]
        at = places.get(first.step, -1) if first.kind != "only in b" else -1
        if at >= 0:
            yield from _context(ours, range(max(shown_to, at - 2) + 1, at), by_step, gap=shown_to < at - 2)
            shown_to = at
        yield Text()
        if first.kind == "only in b":
            step = theirs.get(first.step)
            title = title_of(step) if step is not None else f"no step: {shown(first.b)}"
            yield Text(f"+ {title}   only in {names[1]}", style="green")
        else:
            yield from _step(ours[at], found, names)
        following = at + 1
        if at >= 0 and following < len(ours) and f"a {ours[following].id}" not in by_step:
            yield from _context(ours, range(following, following + 1), by_step, gap=False)
            shown_to = following
    if len(by_step) > STEPS:
        yield Text()
        yield Text(f"… and {counted(len(by_step) - STEPS, 'more step')}; --json has them all", style="dim")


def _context(steps: Sequence[Step], places: range, known: Collection[str], *, gap: bool) -> Iterator[Line]:
    """Steps that are the same, beside one that is not."""
    lines_shown = [steps[at] for at in places if f"a {steps[at].id}" not in known]
    if gap and lines_shown:
        yield Text("  …", style="dim")
    for step in lines_shown:
        yield Text(f"  {title_of(step)}", style="dim", overflow="ellipsis", no_wrap=True)


def _step(step: Step, found: list[Difference], names: tuple[str, str]) -> Iterator[Line]:
    if found[0].kind == "only in a":
        yield Text(f"- {title_of(step)}   only in {names[0]}", style="red")
        return
    yield Text(f"~ {title_of(step)}", style="yellow")
    yield _table(found[:FIELDS])
    if len(found) > FIELDS:
        more = counted(len(found) - FIELDS, "more difference")
        yield Text(f"    … and {more}; --json has them all", style="dim")


def title_of(step: Step) -> str:
    """A step in a line."""
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
        a, b = both(each.a, each.b)
        cells = _label(each), a, "→", b, _aside(each)
        table.add_row(*map(Text, cells))
    return table


def _label(each: Difference) -> str:
    return f"    {printable(label(each))}"


def label(each: Difference) -> str:
    """What differs; the fields of requests, answers and events say themselves whose they are."""
    return each.field if each.kind in _PLAIN and each.field else f"{each.kind} {each.field}".rstrip()


def sentence(each: Difference) -> str:
    """A difference in a line."""
    if each.kind in {"only in a", "only in b"}:
        return f"{each.kind}: {shown(each.a if each.kind == 'only in a' else each.b)}"
    aside = _aside(each)
    a, b = both(each.a, each.b)
    return printable(f"{label(each)}: {a} → {b}{aside and f' ({aside})'}")


def _aside(each: Difference) -> str:
    if each.apart is None:
        return ""
    return f"{abs(each.apart) * 1000:,.0f} ms {'later' if each.apart > 0 else 'earlier'}"


def both(a: Any, b: Any) -> tuple[str, str]:
    """Two values that differ, so that one sees in what."""
    texts = _text(a), _text(b)
    differing = (at for at, (one, other) in enumerate(zip(*texts, strict=False)) if one != other)
    alike = next(differing, min(map(len, texts)))
    begin = alike - _BEFORE if alike > _LONGEST - _BEFORE else 0
    one, other = (text[begin : begin + _LONGEST] for text in texts)
    if normalize("NFKC", one) == normalize("NFKC", other):
        # Letters that look the same, or a letter and its accent.
        one, other = json.dumps(one), json.dumps(other)
    return _cut(one, begin, len(texts[0])), _cut(other, begin, len(texts[1]))


def shown(value: Any) -> str:
    """A value in a few dozen characters, all of them printable."""
    text = _text(value)
    return _cut(text[:_LONGEST], 0, len(text))


def _text(value: Any) -> str:
    if value == ABSENT or (isinstance(value, str) and _is_plain(value)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether one sees without quotes what it is: a string, with all of its blanks."""
    if not text.isprintable() or text != text.strip() or "  " in text or text[:1] in {"", "{", "[", '"'}:
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _cut(kept: str, begin: int, length: int) -> str:
    """What is kept of a text, with how long it is where that is not all."""
    is_cut = begin + _LONGEST < length
    whole = f" ({length:,} characters)" if begin or is_cut else ""
    return printable(f"{'…' if begin else ''}{kept}{'…' if is_cut else ''}{whole}")
