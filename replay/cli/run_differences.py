"""What differs between two runs, as lines for a person to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from replay.account import printable
from replay.cli.differences import Line, both
from replay.entries import Entry
from replay.verify.diff_values import ABSENT
from replay.verify.journals import Change, JournalReport, details

CHANGES = 60
"""Differences shown of one agent; the others are counted."""


def lines(report: JournalReport, names: tuple[str, str]) -> Iterator[Line]:
    """The report, agent by agent.

    Args:
        names: What to call A and B.
    """
    yield Text(_summary(report, names), style="bold")
    if any(report.left_out):
        left_out = " and ".join(f"{number:,}" for number in dict.fromkeys(report.left_out))
        yield Text(
            f"  left out, as faults touched them: {left_out}; --touched compares them too", style="dim"
        )
    by_agent: dict[str, list[Change]] = {}
    for change in report.changes:
        by_agent.setdefault(change.agent, []).append(change)
    for agent, changes in by_agent.items():
        yield Text()
        yield Text(printable(agent) or "nobody in particular")
        for change in changes[:CHANGES]:
            yield from _lines(change, names)
        if len(changes) > CHANGES:
            yield Text(f"  … and {len(changes) - CHANGES:,} more; --json has them all", style="dim")


def _summary(report: JournalReport, names: tuple[str, str]) -> str:
    counts = " and ".join(f"{number:,}" for number in dict.fromkeys(report.entries))
    what = f"{names[0]} and {names[1]}: {counts} entries"
    found = len(report.changes)
    return f"{what}, the same run" if report.same else f"{what}, {found:,} difference{'s' * (found != 1)}"


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
            yield _table(change)


def _title(entry: Entry) -> str:
    where = f" of {entry.play}" if entry.play else ""
    return printable(f"{entry.at:.3f} {entry.kind} {entry.step}".rstrip() + where)


def _table(change: Change) -> Table:
    assert change.a is not None
    assert change.b is not None
    table = Table.grid(padding=(0, 2), pad_edge=False)
    for style in ("", "red", "dim", "green"):
        table.add_column(style=style, overflow="fold")
    ours, theirs = details(change.a), details(change.b)
    for name in dict.fromkeys([*ours, *theirs]):
        pair: tuple[Any, Any] = ours.get(name, ABSENT), theirs.get(name, ABSENT)
        if pair[0] != pair[1]:
            one, other = both(*pair)
            table.add_row(*map(Text, (f"      {name}", one, "→", other)))
    return table
