"""Where reports for programs go: files, or standard output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from replay.cli.junit import Case, junit
from replay.errors import UsageError

Row = dict[str, object]
Suite = tuple[str, Sequence[Case], dict[str, str]]
"""Name, test cases, properties."""


def check_outputs(as_json: str | None, as_junit: str | None, *read: Path) -> None:
    """Sees to it, before anything is done, that reports can be written.

    Args:
        read: Files that are read, and not to be overwritten.

    Raises:
        UsageError: they cannot.
    """
    if as_json is not None and as_junit is not None and _is_same(as_json, as_junit):
        raise UsageError(f"--json and --junit both write to {as_json}: name two places")
    for option, out in (("--json", as_json), ("--junit", as_junit)):
        if out is None or out == "-":
            continue
        path = Path(out)
        if path.is_dir() or not path.parent.is_dir():
            what = "it is a folder" if path.is_dir() else f"{path.parent} is no folder"
            raise UsageError(f"{option} {path} cannot be written: {what}")
        if path.exists() and any(each.exists() and path.samefile(each) for each in read):
            raise UsageError(f"{path} is what is to be read: name another file with {option}")


def _is_same(one: str, other: str) -> bool:
    return one == other or ("-" not in {one, other} and Path(one).resolve() == Path(other).resolve())


def write_outputs(
    as_json: tuple[str | None, Callable[[], Row]], as_junit: tuple[str | None, Callable[[], Suite]]
) -> None:
    """Writes what is asked for.

    Raises:
        UsageError: a file cannot be written.
    """
    out, row = as_json
    if out is not None:
        _write(out, msgspec.json.format(msgspec.json.encode(row()), indent=2) + b"\n")
    out, suite = as_junit
    if out is not None:
        name, cases, properties = suite()
        _write(out, junit(name, cases, properties=properties))


def _write(out: str, content: bytes) -> None:
    if out == "-":
        click.echo(content, nl=False)
        return
    try:
        Path(out).write_bytes(content)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}") from None
