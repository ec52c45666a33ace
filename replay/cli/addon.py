"""`replay addon`."""

from __future__ import annotations

from pathlib import Path

import click

import replay.capture


@click.command()
def addon() -> None:
    """Prints the path of the recorder, for `mitmproxy -s`.

    Its options are replay_to (the file to record to) and replay_distil (a scenario to write in the end).
    """
    click.echo(Path(replay.capture.__file__).resolve().with_name("addon.py"))
