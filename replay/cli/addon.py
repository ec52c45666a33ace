"""`replay addon`."""

from __future__ import annotations

from pathlib import Path

import click

import replay.capture


@click.command()
def addon() -> None:
    """Prints the path of the recorder, for `mitmproxy -s`.

    \b
    Its options, each after --set:
      replay_to=FILE            the file to record to
      replay_distil=FILE        a scenario to write in the end
      replay_redact=RULES       rules of your own for what is replaced
      replay_no_redact=true     record credentials and personal data as they are
      replay_host=GLOB          record only such hosts; replay_path and replay_channel likewise
      replay_rewrite_urls=false let the client see the server's own URLs
      replay_api_prefix=PATH    URLs with this path are the server's own; /api/v2/ unless said
    """
    click.echo(Path(replay.capture.__file__).resolve().with_name("addon.py"))
