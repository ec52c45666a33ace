"""Journals as commands read them from files."""

from __future__ import annotations

from pathlib import Path

import click

from replay.entries import Kept, is_journal, read
from replay.errors import UsageError

_LONGEST = 1 << 20
"""Bytes of a journal's first line at most."""


def find_journal(path: Path) -> Kept | None:
    """The journal in a file; None if it is something else, or cannot be read.

    Raises:
        UsageError: it is damaged.
    """
    if path.suffix.lower() in {".yaml", ".yml"} or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            # Recordings may be large, and are lines of nothing.
            first = file.readline(_LONGEST)
            if not is_journal(first):
                return None
            data = first + file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    kept = read(data, str(path))
    if kept.is_cut:
        note = "its last line is not whole, as after a kill or on a full disk; it is left out"
        click.echo(f"note: {path}: {note}", err=True)
    return kept


def read_journal(path: Path) -> Kept:
    """The journal in a file.

    Raises:
        UsageError: it holds none, or a damaged one.
    """
    kept = find_journal(path)
    if kept is None:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
        raise UsageError(f"{path}: this is no journal, as `replay serve --journal` writes it")
    return kept
