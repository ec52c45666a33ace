"""Reports for a person: lines and columns, to a terminal or to a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TextIO

import click
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 160
"""Columns when the output goes to no terminal."""
_WIDTH = 60
"""Columns of one value at most."""
_NARROW = 20
"""Columns that a value has to have at least to be read across."""
_GAP = 2


class Row(NamedTuple):
    """A value of each side."""

    label: str
    a: str
    b: str
    aside: str = ""


class Rows:
    """Values beside each other in columns, or below each other where a terminal has no room for columns."""

    def __init__(self, rows: Sequence[Row], *, indent: int) -> None:
        self._rows = [row._replace(label=" " * indent + row.label) for row in rows]
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = [max(Text(cell).cell_len for cell in column) for column in zip(*self._rows, strict=True)]
        values = sum(min(width, _NARROW) for width in widths[1:3])
        aside = widths[3] + _GAP if widths[3] else 0
        if widths[0] + values + len("→") + 3 * _GAP + aside <= options.max_width:
            yield self._table()
        else:
            yield from self._below()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, _GAP), pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(style="red", overflow="fold", max_width=_WIDTH)
        table.add_column(style="dim")
        table.add_column(style="green", overflow="fold", max_width=_WIDTH)
        table.add_column(style="dim", no_wrap=True)
        for row in self._rows:
            table.add_row(*map(Text, (row.label, row.a, "→", row.b, row.aside)))
        return table

    def _below(self) -> RenderResult:
        for row in self._rows:
            yield Text(row.label)
            table = Table.grid(padding=(0, 1))
            table.add_column(no_wrap=True, width=self._indent + _GAP, justify="right")
            table.add_column(overflow="fold")
            table.add_row("", Text(row.a, style="red"))
            table.add_row("→", Text(row.b, style="green"))
            if row.aside:
                table.add_row("", Text(row.aside, style="dim"))
            yield table


Line = Text | Rows | Table


def print_lines(lines: Iterable[Line], stream: TextIO) -> None:
    """A report; to a file or another program as lines that are not broken and end where their text does."""
    if stream.isatty():
        console = Console(file=stream, highlight=False)
        for line in lines:
            console.print(line)
        return
    console = Console(file=stream, highlight=False, width=PLAIN_WIDTH)
    for line in lines:
        with console.capture() as captured:
            console.print(line, soft_wrap=isinstance(line, Text))
        text = "\n".join(each.rstrip() for each in captured.get().splitlines())
        click.echo(text, file=stream)
