"""`replay schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from replay.errors import UsageError
from replay.registry import FAULTS
from replay.scenario.schema import SCHEMA_FILE, schema_text


@click.command()
@click.option("--path", is_flag=True, help="Print where the schema is instead, for an editor's settings.")
def schema(*, path: bool) -> None:
    """Prints the JSON Schema of scenario files, for your editor.

    `replay --with FILE.py schema` knows the faults of that file too.
    """
    own = [name for name, line in FAULTS.items() if not line.startswith("replay.")]
    if path and own:
        what = f"the schema that comes with the package does not know '{own[0]}'"
        raise UsageError(what, help="Leave out --path, and write what is printed to a file.")
    # As JSON is written, whatever the terminal's encoding.
    click.echo(SCHEMA_FILE if path else schema_text().encode(), nl=path)
