"""`replay faults`: what can go wrong, and what a client sees of it."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from replay.errors import UsageError, nearest
from replay.faults.presets import Preset
from replay.faults.reference import Entry, entries, entry
from replay.registry import FAULTS, PRESETS, resolve
from replay.scenario.dump import dumps_faults

PLAIN_WIDTH = 1_000
"""Columns when the output goes to no terminal: `grep` wants what belongs together in one line."""


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON instead.")
def faults(name: str | None, *, as_json: bool) -> None:
    """Lists what can go wrong, and the presets; of one NAME, everything about it.

    A fault's settings with their defaults, what a client observes of it, and an example to begin with; of a
    preset, the faults it is made of. How rules say when and where: docs/faults.md.
    """
    shown: Any
    if name is None:
        shown = _all()
    elif name in FAULTS:
        shown = entry(name)
    elif name in PRESETS:
        shown = resolve(PRESETS, name)
    else:
        known = [*FAULTS, *PRESETS]
        advice = nearest(name, known) or "`replay faults` lists them."
        raise UsageError(f"there is no fault or preset called '{name}'. {advice}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)
    with console.capture() as captured:
        _tell(console, shown)
    for line in captured.get().splitlines():
        # Tables fill their last column up.
        click.echo(line.rstrip())


def _tell(console: Console, shown: Any) -> None:
    if isinstance(shown, Entry):
        _one(console, shown)
    elif isinstance(shown, Preset):
        console.print(Text(shown.does))
        console.print(Text(f"\n{dumps_faults(shown.faults)}", style="dim"), end="")
    else:
        _table(console)


def _all() -> dict[str, Any]:
    presets = [{"name": name, "does": resolve(PRESETS, name).does} for name in PRESETS]
    return {"faults": entries(), "presets": presets}


def _table(console: Console) -> None:
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in entries():
        groups.setdefault(each.group, []).append((each.name, each.does))
    groups["Presets, for --preset NAME"] = [(name, resolve(PRESETS, name).does) for name in PRESETS]
    width = max(len(name) for name in (*FAULTS, *PRESETS))
    for group, rows in groups.items():
        console.print(Text(group, style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(width=width + 2, no_wrap=True)
        for name, does in rows:
            table.add_row(f"  {name}", Text(does))
        console.print(table)
        console.print()
    console.print(Text("replay faults NAME says more of one."))


def _one(console: Console, shown: Entry) -> None:
    console.print(Text(shown.does))
    if shown.more:
        console.print(Text(f"\n{shown.more}"))
    console.print(Text.assemble(("\nA client observes: ", "bold"), shown.observed))
    console.print(Text.assemble(("It strikes at: ", "bold"), shown.strikes))
    if shown.settings:
        console.print(Text("\nSettings", style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for each in shown.settings:
            default = "" if each.default in ("", {}) else msgspec.json.encode(each.default).decode()
            table.add_row(each.name, default, Text(f"{each.about} ({each.takes})"))
        console.print(table)
    console.print(Text("\nExample", style="bold"))
    console.print(Text(shown.example), end="")
