"""`replay redact`: a clean copy of a recording."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from replay.capture.redact import redact_file
from replay.capture.rules import RulesError, load_rules
from replay.errors import UsageError


@click.command()
@click.argument("recording", metavar="IN", type=click.Path(path_type=Path))
@click.argument("to", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--rules", type=click.Path(path_type=Path), metavar="FILE", help="Rules of your own (YAML).")
def redact(recording: Path, to: Path, rules: Path | None) -> None:
    """Writes a clean copy of a recording (flow file or HAR).

    Credentials, cookies, names, addresses, numbers and texts become pseudonyms, the same for the same value.
    IN is left as it is; OUT is made for its owner alone.
    """
    try:
        read = load_rules(rules)
    except RulesError as error:
        raise UsageError(str(error)) from None
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("cleaning", total=None)
        number, notes = redact_file(
            recording, to, read, lambda done, total: bar.update(task, completed=done, total=total)
        )
    for note in notes:
        click.echo(f"note: {note.removesuffix('.')}", err=True)
    click.echo(f"{to}: {number} exchange{'s' * (number != 1)}, cleaned by the rules {read.name}", err=True)
