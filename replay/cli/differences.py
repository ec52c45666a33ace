"""What differs between a scenario and another, or a server, as lines for a person to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from replay.account import printable
from replay.cli.junit import Case
from replay.cli.printing import Line, Row, Rows
from replay.cli.shown import both, shown
from replay.scenario.model import RequestStep, Scenario, Step
from replay.verify.diff import Report
from replay.verify.report import Difference

FIELDS = 12
"""Differences shown of one step; the others are counted."""
STEPS = 60
"""Steps shown; the others are counted."""
NAMED = 3
"""Steps, or agents, that are named in the first line."""
OF_ALL = "settings and variables"
_PLAIN = {"request", "answer", "event", "channel"}

Blocks = dict[str, list[Difference]]
"""Differences of one step together, by a key that says whose step it is."""


def lines(report: Report, a: Scenario, b: Scenario, names: tuple[str, str]) -> Iterator[Line]:
    """What `diff` found; of steps that are the same, only the neighbours of those that are not.

    Args:
        names: What to call A and B.
    """
    steps = blocks(report.differences)
    yield Text(printable(_summary(report, steps, names)), style="bold")
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
        yield _rows(of_all)
    yield from _Steps(blocks(differences), ours, theirs, names).lines()


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


def _summary(report: Report, steps: Blocks, names: tuple[str, str]) -> str:
    counts = " and ".join(counted(number, "step") for number in dict.fromkeys(report.steps))
    what = f"{names[0]} and {names[1]}: {counts}"
    if report.same:
        return f"{what}, the same story"
    found = [f"{counted(len(steps), 'step')} ({named(steps)})"] if steps else []
    kinds = Counter(each.kind for each in report.differences)
    beside = (kinds["setting"], "setting"), (kinds["variable"], "variable"), (kinds["renamed"], "id")
    found += [counted(number, noun) for number, noun in beside if number]
    return f"{what}, {report.matched:,} in both; different: {', '.join(found)}"


def named(steps: Blocks) -> str:
    """The steps that differ, by name."""
    return some(list(dict.fromkeys(found[0].step for found in steps.values() if found[0].step)))


def some(names: Sequence[str]) -> str:
    """The first of some names, and how many there are beside."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")


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


class _Steps:
    """The steps that differ, one after the other; of those that do not, their neighbours."""

    def __init__(
        self, by_step: Blocks, ours: Sequence[Step], theirs: Sequence[Step], names: tuple[str, str]
    ) -> None:
        self._by_step = by_step
        self._ours, self._theirs = ours, theirs
        self._places = {step.id: at for at, step in enumerate(ours)}
        self._there = {step.id: at for at, step in enumerate(theirs)}
        self._names = printable(names[0]), printable(names[1])
        self._shown_to = -1
        """Place of the last step of A that was shown."""
        self._last = ""
        """The last line; one that only one side has stands right below another such."""

    def lines(self) -> Iterator[Line]:
        """All of them; of very many the first."""
        for found in list(self._by_step.values())[:STEPS]:
            if found[0].kind == "only in b":
                yield from self._added(found[0])
            else:
                yield from self._ours_at(self._places[found[0].step], found)
        if len(self._by_step) > STEPS:
            yield Text()
            more = counted(len(self._by_step) - STEPS, "more step")
            yield Text(f"… and {more}; --json has them all", style="dim")

    def _added(self, each: Difference) -> Iterator[Line]:
        place = self._there.get(each.step)
        if place is not None:
            yield from self._context(self._theirs[max(place - 1, 0) : place], "b", gap=False)
        title = title_of(self._theirs[place]) if place is not None else f"no step: {shown(each.b)}"
        yield from self._one_sided(f"+ {title}   only in {self._names[1]}", "green")

    def _ours_at(self, at: int, found: list[Difference]) -> Iterator[Line]:
        before = self._ours[max(self._shown_to, at - 2) + 1 : at]
        yield from self._context(before, "a", gap=self._shown_to < at - 2)
        self._shown_to = at
        if found[0].kind == "only in a":
            title = f"- {title_of(self._ours[at])}   only in {self._names[0]}"
            yield from self._one_sided(title, "red")
        else:
            yield from self._step(self._ours[at], found)
        after = self._ours[at + 1 : at + 2]
        if after and f"a {after[0].id}" not in self._by_step:
            yield from self._context(after, "a", gap=False)
            self._shown_to = at + 1

    def _context(self, steps: Sequence[Step], side: str, *, gap: bool) -> Iterator[Line]:
        """Steps that are the same, beside one that is not."""
        alike = [title_of(step) for step in steps if f"{side} {step.id}" not in self._by_step]
        told = [f"  {title}" for title in alike if f"  {title}" != self._last]
        if gap and told:
            yield Text("  …", style="dim")
        for line in told:
            self._last = line
            yield Text(line, style="dim", overflow="ellipsis", no_wrap=True)

    def _one_sided(self, line: str, style: str) -> Iterator[Line]:
        if self._last[:1] != line[:1]:
            yield Text()
        self._last = line
        yield Text(line, style=style)

    def _step(self, step: Step, found: list[Difference]) -> Iterator[Line]:
        yield Text()
        self._last = f"~ {title_of(step)}"
        other = f"   {found[0].other} in {self._names[1]}" if found[0].other else ""
        yield Text.assemble((self._last, "yellow"), (other, "dim"))
        yield _rows(found[:FIELDS])
        if len(found) > FIELDS:
            more = counted(len(found) - FIELDS, "more difference")
            yield Text(f"    … and {more}; --json has them all", style="dim")


def title_of(step: Step) -> str:
    """A step in a line."""
    what = step.request if isinstance(step, RequestStep) else f"push {step.push}, {step.after}"
    return printable(f"{step.id}: {what}")


def _rows(found: Sequence[Difference]) -> Rows:
    return Rows([Row(_label(each), *both(each.a, each.b), _aside(each)) for each in found], indent=4)


def _label(each: Difference) -> str:
    """What differs; the fields of requests, answers and events say themselves whose they are."""
    told = each.field if each.kind in _PLAIN and each.field else f"{each.kind} {each.field}".rstrip()
    return printable(told)


def sentence(each: Difference) -> str:
    """A difference in a line."""
    if each.kind in {"only in a", "only in b"}:
        return f"{each.kind}: {shown(each.a if each.kind == 'only in a' else each.b)}"
    (one, other), aside = both(each.a, each.b), _aside(each)
    return f"{_label(each)}: {one} → {other}{aside and f' ({aside})'}"


def _aside(each: Difference) -> str:
    if each.apart is None:
        return ""
    return f"{abs(each.apart) * 1000:,.0f} ms {'later' if each.apart > 0 else 'earlier'}"
