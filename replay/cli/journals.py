"""Journals as commands read them from files."""

from __future__ import annotations

from pathlib import Path

import click

from replay.errors import UsageError
from replay.journal import Kept, read


def find_journal(path: Path) -> Kept | None:
    """The journal in a file; None if it is something else, or cannot be read.

    Raises:
        UsageError: it is damaged.
    """
    if path.suffix.lower() in {".yaml", ".yml"} or not path.is_file():
        return None
    kept = read(path.read_bytes(), str(path))
    if kept is not None and kept.is_cut:
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
