"""What differs between two runs, as lines for a person to read."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from replay.account import printable
from replay.cli.differences import counted, some
from replay.cli.printing import Line, Row, Rows
from replay.cli.shown import both
from replay.entries import Entry
from replay.verify.diff_values import ABSENT
from replay.verify.journals import Change, JournalReport, details

AGENTS = 20
"""Agents shown; the others are counted."""
NOBODY = "nobody in particular"
CHANGES = 60
"""Differences shown of one agent; the others are counted."""


def lines(report: JournalReport, names: tuple[str, str]) -> Iterator[Line]:
    """The report, agent by agent.

    Args:
        names: What to call A and B.
    """
    names = printable(names[0]), printable(names[1])
    by_agent: dict[str, list[Change]] = {}
    for change in report.changes:
        by_agent.setdefault(printable(change.agent) or NOBODY, []).append(change)
    yield Text(_summary(report, list(by_agent), names), style="bold")
    if any(report.left_out):
        left_out = " and ".join(f"{number:,}" for number in dict.fromkeys(report.left_out))
        yield Text(
            f"  left out, as faults touched them: {left_out}; --touched compares them too", style="dim"
        )
    for agent, changes in list(by_agent.items())[:AGENTS]:
        yield Text()
        yield Text(agent)
        for change in changes[:CHANGES]:
            yield from _lines(change, names)
        if len(changes) > CHANGES:
            yield Text(f"  … and {len(changes) - CHANGES:,} more; --json has them all", style="dim")
    if len(by_agent) > AGENTS:
        yield Text()
        more = counted(len(by_agent) - AGENTS, "more agent")
        yield Text(f"… and {more}; --json has them all", style="dim")


def _summary(report: JournalReport, agents: list[str], names: tuple[str, str]) -> str:
    counts = " and ".join(f"{number:,}" for number in dict.fromkeys(report.entries))
    what = f"{names[0]} and {names[1]}: {counts} entries"
    if report.same:
        return f"{what}, the same run"
    return f"{what}, {counted(len(report.changes), 'difference')} of {some(agents)}"


def _lines(change: Change, names: tuple[str, str]) -> Iterator[Line]:
    entry = change.a or change.b
    assert entry is not None
    match change.kind:
        case "only in a":
            yield Text(f"  - {_title(entry)}   only in {names[0]}", style="red")
        case "only in b":
            yield Text(f"  + {_title(entry)}   only in {names[1]}", style="green")
        case "time":
            apart = change.apart or 0.0
            later = "later" if apart > 0 else "earlier"
            yield Text(
                f"  ~ {_title(entry)}   {abs(apart) * 1000:,.0f} ms {later} in {names[1]}", style="yellow"
            )
        case "details":
            yield Text(f"  ~ {_title(entry)}", style="yellow")
            assert change.a is not None
            assert change.b is not None
            yield _rows(change.a, change.b)


def _title(entry: Entry) -> str:
    where = f" of {entry.play}" if entry.play else ""
    return printable(f"{entry.at:.3f} {entry.kind} {entry.step}".rstrip() + where)


def _rows(a: Entry, b: Entry) -> Rows:
    ours, theirs = details(a), details(b)
    pairs = {name: (ours.get(name, ABSENT), theirs.get(name, ABSENT)) for name in {**ours, **theirs}}
    differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return Rows([Row(printable(name), *both(*pair)) for name, pair in differing.items()], indent=6)
