"""The `replay` command: one command a file, imported when it is called."""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path
from typing import cast

import click

from replay import __version__
from replay.cli.parts import load_parts
from replay.errors import ReplayError, nearest
from replay.registry import COMMANDS, resolve


class _Commands(click.Group):
    """A group whose commands are known by name and loaded when used, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", resolve(COMMANDS, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command '{args[0]}'. {nearest(args[0], COMMANDS) or 'See replay --help.'}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"auto_envvar_prefix": "REPLAY", "max_content_width": 100})
@click.option(
    "--with",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE.py",
    help="Faults, transports, sources of your own (docs/howto-fault.md); repeatable.",
    callback=load_parts,
    # Commands offer what the registry knows when they are loaded.
    is_eager=True,
    expose_value=False,
)
@click.version_option(__version__, prog_name="replay")
def group() -> None:
    """Records what a Genesys chat server says to an agent's desktop, and plays it back.

    \b
    replay record --upstream URL --to chat.mitm --distil chat.yaml
    replay serve chat.yaml
    replay drive chat.yaml --target http://127.0.0.1:8090 --agents 200

    Exit codes: 0 good, 1 mismatch or a broken limit, 2 wrong usage or a bad file, 3 the surroundings
    (a port in use, a server that is down), 130 interrupted.
    """


def main() -> None:
    """Runs the command line; every error of ours is its sentence and its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Windows' own encodings, and those of old terminals, lack arrows and most of the world's letters.
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="replay: %(message)s")
    try:
        code = group.main(standalone_mode=False)
    except ReplayError as error:
        click.echo(f"replay: {error}" if "\n" not in str(error) else str(error), err=True)
        code = error.exit_code
    except click.exceptions.Abort:
        # click's word for Ctrl-C while a command runs.
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
