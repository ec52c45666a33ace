"""What `replay serve` has running beside its server, where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import click

from replay.cli.serve_options import Asked
from replay.errors import UsageError
from replay.server.runner import Server


def check_beside(asked: Asked) -> None:
    """Sees whether what was asked for goes together.

    Raises:
        UsageError: it does not.
    """
    if asked.watch and not asked.files:
        raise UsageError("there is no file to watch: name a FILE beside --watch")


def beside(server: Server, asked: Asked) -> Iterator[AbstractAsyncContextManager[Any]]:
    """What is to be entered once the server is open."""
    if asked.watch:
        from replay.server.watching import Watching  # noqa: PLC0415  takes a moment to import

        files = dict(enumerate(asked.files))
        yield Watching(server, files, control_apart=asked.control_port is not None, say=_say)


def _say(text: str) -> None:
    click.echo(text, err=True)
