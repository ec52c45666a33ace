"""The matrix and the troubles, run and printed as tables: `python -m tests.matrix`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from rich.console import Console
from rich.table import Table

from tests.matrix.cells import CELLS, CLIENTS, POLLING, SCRIPT, SOCKET, WHOLE, calm, seen_by, start, steps
from tests.matrix.runs import COMPARED, TROUBLED, TROUBLES, ours, real, through
from tests.road.software import ROOT, Seen, replayer

AT_ONCE = 4
"""Agents at a time: enough to be quick, few enough that their times are their own."""

Cell = tuple[bool, str]


def main() -> int:
    """Prints the table asked for, `fair`, `rough` or `real`, or all; 1 if a cell is not as it should be."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    wanted = sys.argv[1:] or ["fair", "rough", "real"]
    results = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        if "fair" in wanted:
            with replayer(ROOT / "scenarios" / "accept-chat.yaml") as url:
                fair = {cell: pool.submit(_cell, partial(_fair, *cell, url), WHOLE) for cell in CELLS}
                console.print(_fair_table(fair))
                results += [each.result() for each in fair.values()]
        if "rough" in wanted:
            rough = {
                cell: pool.submit(_cell, partial(_rough, *cell), TROUBLES[cell[0]].story) for cell in TROUBLED
            }
            console.print(_rough_table("through trouble, and on", rough))
            results += [each.result() for each in rough.values()]
        if "real" in wanted:
            both = {cell: pool.submit(_compare, *cell) for cell in COMPARED}
            console.print(
                _rough_table("the same trouble before cometd-nodejs-server (WebSockets: faye)", both)
            )
            results += [each.result() for each in both.values()]
    green = sum(good for good, _ in results)
    console.print(f"{green} of {len(results)} cells green")
    return int(green < len(results))


def _fair(client: str, transport: str, url: str) -> list[Seen]:
    return seen_by(start(client, transport, url))


def _rough(name: str, client: str, transport: str) -> list[Seen]:
    return through(TROUBLES[name], client, transport, ours(TROUBLES[name].scenario))


def _cell(run: Callable[[], list[Seen]], story: list[str]) -> Cell:
    seen = run()
    if calm(seen) != story:
        return False, f"NOT GREEN: {', '.join(calm(seen))}"
    return True, f"green {(seen[-1]['t'] - seen[0]['t']) / 1000:.1f} s"


def _compare(name: str, client: str, transport: str) -> Cell:
    seen = _rough(name, client, transport)
    before_real = through(TROUBLES[name], client, transport, real(TROUBLES[name].scenario, transport))
    if steps(seen) != steps(before_real):
        return False, f"DIFFERS: {', '.join(steps(seen))}, not {', '.join(steps(before_real))}"
    return True, "the same"


def _fair_table(cells: dict[tuple[str, str], Future[Cell]]) -> Table:
    title = "handshake, subscribe, invite, Accept, three events in order, unsubscribe, disconnect"
    transports = (POLLING, SCRIPT, SOCKET)
    table = Table("client", *transports, title=title, title_justify="left")
    for client in CLIENTS:
        row = (cells.get((client, transport)) for transport in transports)
        table.add_row(client, *(each.result()[1] if each else "has it not" for each in row))
    return table


def _rough_table(title: str, cells: dict[tuple[str, str, str], Future[Cell]]) -> Table:
    columns = list(dict.fromkeys((client, transport) for _, client, transport in cells))
    heads = [f"{client} {transport}" for client, transport in columns]
    table = Table("trouble", *heads, title=title, title_justify="left")
    for name, trouble in TROUBLES.items():
        row = (cells.get((name, *column)) for column in columns)
        table.add_row(trouble.what, *(each.result()[1] if each else "–" for each in row))
    return table


if __name__ == "__main__":
    sys.exit(main())
