"""`python -m bench`: figures of `replay serve` and of its rivals, alternating, and their ratios.

Exit code 1 when our server delivered anything wrong; times never decide.
"""

from __future__ import annotations

import gc
import statistics
import sys

import click
import uvloop
from rich.console import Console
from rich.table import Table

from bench.connection import BrokenError
from bench.load import Figures, measure
from bench.servers import OURS, cores, pinned, raise_descriptors, running

RIVALS = ("cometd", "faye")
SIZES = (100, 1_000, 5_000)
SPARE = 100
"""Descriptors that a process has open beside its connections."""

Runs = dict[str, list[Figures]]


@click.command()
@click.option("--quick", is_flag=True, help="100 clients, once.")
@click.option("--size", "sizes", multiple=True, type=int, help="Clients; may be repeated.")
@click.option("--runs", default=3, show_default=True, help="Runs, of which the median counts.")
@click.option("--accepts", default=3_000, show_default=True, help="Accepts in a flood, at least.")
@click.option("--only", multiple=True, type=click.Choice((OURS, *RIVALS)), help="Leaves out the others.")
def main(*, quick: bool, sizes: tuple[int, ...], runs: int, accepts: int, only: tuple[str, ...]) -> None:
    """Compares servers; each run starts all of them afresh, one after another."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    limit = raise_descriptors()
    names = only or (OURS, *RIVALS)
    bad: list[str] = []
    table = _table()
    for size in sizes or (SIZES[:1] if quick else SIZES):
        needed = 2 * size + SPARE
        if needed > limit:
            console.print(f"{size} clients need {needed} descriptors; this machine allows {limit}: left out")
            continue
        measured = _runs(console, names, (size, accepts), 1 if quick else runs, bad)
        _add_rows(table, size, measured)
    console.print(table)
    console.print("× is ours against the better rival: above 1 ours is better. Events are 3 an Accept.")
    for sentence in bad[:20]:
        console.print(f"wrong: {sentence}", style="red", markup=False)
    sys.exit(int(any(sentence.startswith(OURS) for sentence in bad)))


def _runs(console: Console, names: tuple[str, ...], load: tuple[int, int], runs: int, bad: list[str]) -> Runs:
    size = load[0]
    measured: Runs = {name: [] for name in names}
    server_core, load_core = cores()
    for number in range(1, runs + 1):
        for name in names:
            console.print(f"{size} clients, run {number} of {runs}: {name} …", markup=False)
            gc.collect()
            try:
                with running(name, server_core) as server, pinned(load_core):
                    figures = uvloop.run(measure(server, *load))
            except (BrokenError, BaseExceptionGroup, TimeoutError) as error:
                bad.append(f"{name} at {size}: {_reason(error)}")
                continue
            measured[name].append(figures)
            bad += [f"{name} at {size}: {sentence}" for sentence in figures.wrong[:3]]
    return measured


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _table() -> Table:
    table = Table(title="make bench: agents that poll, medians", title_justify="left")
    headings = ("clients", "server", "set up /s", "×", "KB/agent", "×", "events/s", "×")
    for heading in (*headings, "p50 / p99 ms", "polls/Accept", "wrong"):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    return table


def _add_rows(table: Table, size: int, measured: Runs) -> None:
    """A row for each server; the ratios stand in ours."""
    medians = {name: _median(runs) for name, runs in measured.items() if runs}
    for name, runs in measured.items():
        if name not in medians:
            table.add_row(str(size), name, *[""] * 8, "failed")
            continue
        own = medians[name]
        rivals = [figures for rival, figures in medians.items() if rival != OURS]
        compared = rivals if name == OURS else []
        table.add_row(
            str(size),
            name,
            f"{own.set_up:,.0f}",
            _ratio(own.set_up, [each.set_up for each in compared]),
            f"{own.kilobytes:.1f}",
            _ratio(1 / max(own.kilobytes, 0.1), [1 / max(each.kilobytes, 0.1) for each in compared]),
            f"{own.events:,.0f}",
            _ratio(own.events, [each.events for each in compared]),
            f"{own.p50:.1f} / {own.p99:.1f}",
            f"{own.polls:.1f}",
            str(sum(len(run.wrong) for run in runs)),
        )
    table.add_section()


def _median(runs: list[Figures]) -> Figures:
    columns = [statistics.median(column) for column in list(zip(*runs, strict=True))[:-1]]
    return Figures(*columns)


def _ratio(own: float, rivals: list[float]) -> str:
    return f"{own / max(rivals):.2f}" if rivals else ""


if __name__ == "__main__":
    main()
