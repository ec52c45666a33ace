"""`replay` and `python -m replay`: runs first, so that Ctrl-C has an answer from the start."""

from __future__ import annotations

import signal
import sys

INTERRUPTED = 130
ENDED_BY_SIGNAL = {"serve", "record"}
"""Commands that go on until they are told to end: for them that is no failure."""


def main() -> None:
    """Runs the command line; SIGTERM ends a command as Ctrl-C does."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from replay.cli import main as command_line  # noqa: PLC0415  takes a moment to import

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("replay: interrupted\n")
        sys.exit(0 if _command(sys.argv[1:]) in ENDED_BY_SIGNAL else INTERRUPTED)


def _command(arguments: list[str]) -> str | None:
    """The first word that is neither an option nor a file of `--with`."""
    return next((each for each in arguments if not each.startswith("-") and not each.endswith(".py")), None)


if __name__ == "__main__":
    main()
