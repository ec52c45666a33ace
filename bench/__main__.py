"""`python -m bench`: figures of `replay serve` and of its rivals, alternating, and their ratios.

Exit code 1 when our server answered or delivered anything wrong; times never decide.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.console import Console

from bench.goals import Row, table_of
from bench.rows import accepts, agents, starts
from bench.run import Run
from bench.servers import OURS, raise_descriptors

MEASUREMENTS: list[tuple[tuple[str, ...], Callable[[Run], list[Row]]]] = [
    (accepts.NAMES, accepts.rows),
    (agents.POLLING, agents.polling),
    (agents.SOCKET, agents.websocket),
    (starts.NAMES, starts.rows),
]
"""Which rows come of what."""
ROWS = [name for names, _ in MEASUREMENTS for name in names]
SERVERS = (OURS, *accepts.OTHERS, *agents.OTHERS)
TITLE = "make bench: medians of runs in turn, server on one core, load on another"
LEGEND = (
    "× is ours in times of the better of the others; by CPU: the same for what one second of the server's"
    " processor does, which other programs on the machine disturb less. Events are 3 an Accept. Hoverfly+"
    " (logging off) is on no registry. No goal decides the exit code; a wrong answer or event does."
)


@click.command()
@click.option("--quick", is_flag=True, help="100 agents, each thing once and briefly.")
@click.option("--only", multiple=True, type=click.Choice(ROWS), help="These rows; may be repeated.")
@click.option("--server", "servers", multiple=True, type=click.Choice(SERVERS), help="These servers.")
@click.option("--size", "sizes", multiple=True, type=click.IntRange(1), help="Agents; may be repeated.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Their median counts.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="All figures, here.")
def main(
    *,
    quick: bool,
    only: tuple[str, ...],
    servers: tuple[str, ...],
    sizes: tuple[int, ...],
    runs: int,
    out: Path | None,
) -> None:
    """Compares servers, in turn: whole products, as they come, ours with its journal on."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    run = Run(
        quick=quick,
        runs=runs,
        sizes=sizes,
        only=only,
        servers=servers,
        limit=raise_descriptors(),
        tell=lambda text: console.print(text, markup=False, soft_wrap=True),
    )
    rows = [row for names, measure in MEASUREMENTS if run.wants(*names) for row in measure(run)]
    rows.sort(key=lambda row: ROWS.index(row.goal.name))
    console.print(table_of(rows, TITLE))
    console.print(LEGEND, soft_wrap=True)
    for note in run.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    for sentence in run.wrong[:20]:
        console.print(f"wrong: {sentence}", style="red", markup=False, soft_wrap=True)
    if out is not None:
        found = [row.as_json() for row in rows]
        said = {"quick": quick, "rows": found, "notes": run.notes, "wrong": run.wrong}
        out.write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=2))
    sys.exit(int(run.failed))


if __name__ == "__main__":
    main()
