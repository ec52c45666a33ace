"""`replay show`: a scenario as a timeline to be read."""

from __future__ import annotations

from pathlib import Path

import click

from replay.plan.outline import outline
from replay.scenario.load import load


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(*, file: Path) -> None:
    """Prints a scenario as a timeline: what is asked, answered, pushed.

    With what sets each push off, and the evidence for it.
    """
    for line in outline(load(file)):
        click.echo(line)
