"""`replay schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from replay.scenario.schema import SCHEMA_FILE


@click.command()
@click.option("--path", is_flag=True, help="Print where the schema is instead, for an editor's settings.")
def schema(*, path: bool) -> None:
    """Prints the JSON Schema of scenario files, for your editor."""
    click.echo(SCHEMA_FILE if path else SCHEMA_FILE.read_text("utf-8"), nl=path)
