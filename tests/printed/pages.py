"""Pages that begin with nothing: the files they print are written, the commands they print are run, in order.

A listing is a file if its first line is a comment with its name alone:

    ```python
    # portal.py
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.docs import DOCS

from .shell import Shell, commands_of

LISTING = re.compile(r"^```\w+\n((?:#|//) (\S+\.\w+)\n.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLES = DOCS.parent / "examples"


class Listing(NamedTuple):
    """A file that a page prints."""

    name: str
    text: str
    line: int


def listings_of(page: Path) -> list[Listing]:
    """All of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Listing(each[2], each[1], text.count("\n", 0, each.start()) + 1) for each in LISTING.finditer(text)
    ]


def follow(page: Path, folder: Path, exchanged: dict[str, str]) -> None:
    """Does what a page says, from its first line to its last.

    Raises:
        AssertionError: a command prints something else than the page.
    """
    files = listings_of(page)
    with Shell(folder, exchanged) as shell, nothing_left(folder):
        for command in commands_of(page):
            line = int(command.place.rpartition(":")[2])
            while files and files[0].line < line:
                write(files.pop(0), folder, exchanged)
            shell.run(command)
    assert not files, f"{page.name}: nothing is done with {files[0].name}"


def write(file: Listing, folder: Path, exchanged: dict[str, str]) -> None:
    """The file, where the commands find it."""
    text = file.text
    for printed, used in exchanged.items():
        text = text.replace(printed, used)
    (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
    (folder / file.name).write_text(text, encoding="utf-8")


@contextmanager
def nothing_left(folder: Path) -> Iterator[None]:
    """Ends what a page has started beside (`& echo $! > NAME.pid`), wherever it stopped."""
    try:
        yield
    finally:
        for file in folder.glob("*.pid"):
            try:
                os.kill(int(file.read_text()), signal.SIGINT)
            except (ProcessLookupError, ValueError):
                continue
