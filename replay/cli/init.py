"""`replay init`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import click

from replay.errors import UsageError

STARTER = Path(__file__).with_name("starter")
SCENARIO, CONFIG, TEST = "scenarios/first-chat.yaml", "tests/conftest.py", "tests/test_first_chat.py"
FILES = {SCENARIO: "first-chat.yaml", CONFIG: "conftest.py.txt", TEST: "test_first_chat.py.txt"}
"""What is written, and where it stands here; Python under another name, so that nobody takes it for ours."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def init(folder: Path) -> None:
    """Writes a first scenario, a test that plays it, and the tests' configuration into a project.

    \b
    scenarios/first-chat.yaml   an agent is offered a chat and accepts it
    tests/test_first_chat.py    a client that does, and what it should see
    tests/conftest.py           where the scenarios are, and how fast they are played

    FOLDER is the project's; the current one unless said. Files that are there already are left as they are.
    """
    written = _write(folder)
    for name in FILES:
        is_new = name in written
        click.echo(f"wrote {_shown(folder / name)}" if is_new else _left(folder, name), err=not is_new)
    if find_spec("pytest") is None:
        click.echo("note: pytest is not installed here: pip install pytest", err=True)
    enter = "" if folder == Path() else f"cd {shlex.quote(_shown(folder))} && "
    click.echo(f"next: {enter}pytest {TEST}")


def _left(folder: Path, name: str) -> str:
    said = f"left {_shown(folder / name)} as it is"
    if name != CONFIG or "replay_config" in _text(folder / name):
        return said
    lines = _text(STARTER / FILES[CONFIG]).partition("\n\n")[2]
    return f"{said}; these lines belong in it:\n\n{lines}"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _write(folder: Path) -> list[str]:
    """Writes what is not there yet, all of it or nothing; returns what."""
    made: list[Path] = []
    at = folder
    try:
        missing = [name for name in FILES if not _is_there(at := folder / name)]
        for name in missing:
            at = folder / name
            for parent in _to_be_made(at):
                parent.mkdir()
                made.append(parent)
            with at.open("xb") as file:
                made.append(at)
                file.write((STARTER / FILES[name]).read_bytes())
    except BaseException as error:
        _take_back(made)
        if isinstance(error, OSError):
            raise UsageError(f"{_shown(at)} cannot be written: {error.strerror or error}") from None
        raise
    return missing


def _take_back(made: list[Path]) -> None:
    for path in reversed(made):
        # What somebody else has put there meanwhile is not ours.
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _is_there(path: Path) -> bool:
    """Whether a file is there, be it a link to nothing.

    Raises:
        UsageError: something else is there, or in the way to it.
    """
    for parent in reversed(path.parents):
        if parent.exists() and not parent.is_dir():
            raise UsageError(f"{_shown(parent)} is a file", help="A folder of that name is needed.")
    if path.is_dir():
        raise UsageError(f"{_shown(path)} is a folder", help="A file of that name is to be written.")
    return path.exists() or path.is_symlink()


def _to_be_made(path: Path) -> Iterator[Path]:
    """The folders above it that are not there, outermost first."""
    return (parent for parent in reversed(path.parents) if not parent.exists())


def _shown(path: Path) -> str:
    return click.format_filename(path)
