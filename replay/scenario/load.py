"""A scenario out of a file, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from replay.errors import Problem, ScenarioError
from replay.library import advice
from replay.scenario.compose import compose
from replay.scenario.decode import is_made
from replay.scenario.model import Scenario
from replay.scenario.parts import Part, gather
from replay.scenario.reader import Document, read
from replay.scenario.whole import played, put_together

MAX_PROBLEMS = 20
"""More are counted, not shown."""


class Files:
    """Reads the files that a scenario is made of; knows which were read, and which looked for."""

    def __init__(self) -> None:
        self.texts: dict[Path, str | None] = {}
        """What each held; None of one that is not there, or cannot be read."""
        self.parts: dict[str, Part | None] = {}
        """Those that others name, as they were read: of several scenarios that name one it is read once."""

    def look(self, path: Path) -> None:
        """A file is looked for here."""
        self.texts.setdefault(path, None)

    def text(self, path: Path) -> str:
        """What a file holds; raises ScenarioError."""
        self.look(path)
        text = text_of(path)
        self.texts[path] = text
        return text

    def read(self, path: Path) -> Document:
        """Its values; raises ScenarioError."""
        return document_of(self.text(path), str(path))


def load(path: Path, *, control_apart: bool = False, files: Files | None = None) -> Scenario:
    """The scenario in a file, and in those that it is made of.

    Args:
        control_apart: Control has a port of its own, which faults of the whole server do not reach.
        files: Reads them, and knows afterwards which they are.

    Raises:
        ScenarioError: there is no such file, or it holds no scenario that could be played.
    """
    files = files or Files()
    return loads(files.text(path), str(path), control_apart=control_apart, files=files)


def loads(
    text: str, file: str = "scenario", *, control_apart: bool = False, files: Files | None = None
) -> Scenario:
    """The scenario a text holds.

    Args:
        file: Names it in problems; what it is made of is looked for beside it.

    Raises:
        ScenarioError: it holds no scenario that could be played; carries every problem found.
    """
    document = document_of(text, file)
    try:
        if is_made(document.value):
            return put_together(gather(document, Path(file), files or Files()), control_apart=control_apart)
        return played(document, control_apart=control_apart)
    except ScenarioError as error:
        raise ScenarioError(foremost(error.problems, file)) from None


def whole_of(path: Path) -> Document:
    """The values of a scenario, with their places in the files that it is made of.

    Raises:
        ScenarioError: they are not good enough to be put together.
    """
    files = Files()
    document = files.read(path)
    return compose(gather(document, path, files)) if is_made(document.value) else document


def files_of(path: Path) -> list[Path]:
    """All files that a scenario is made of, beginning with its own, as far as they can be read."""
    files = Files()
    with suppress(ScenarioError):
        gather(files.read(path), path, files)
    return [path for path, text in files.texts.items() if text is not None]


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        ScenarioError: there is no such file, or it is no text.
    """
    file = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        meant = advice(Path(path)) if isinstance(error, FileNotFoundError) else ""
        what = f"the file cannot be read: {reason}"
        raise ScenarioError([Problem(file=file, what=what, help=meant)]) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        what = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        problem = Problem(file=file, line=line, column=column, what=what, help="Save the file as UTF-8.")
        raise ScenarioError([problem]) from None


def document_of(text: str, file: str, *, begins: str = "It begins with 'version: 1'.") -> Document:
    """A text as values with their places.

    Args:
        begins: What to say of one that is empty.

    Raises:
        ScenarioError: it is not the YAML that we read.
    """
    try:
        return read(text, file, begins=begins)
    except ScenarioError as error:
        raise ScenarioError(foremost(error.problems, file)) from None


def foremost(problems: Iterable[Problem], file: str) -> list[Problem]:
    """Problems in the order of the file, then of others as they come; the last of too many are counted."""
    found = list(problems)
    files = dict.fromkeys((file, *(problem.file for problem in found)))
    order = {name: place for place, name in enumerate(files)}
    ordered = sorted(found, key=lambda problem: (order[problem.file], problem.line, problem.column))
    shown = ordered[:MAX_PROBLEMS]
    rest = len(ordered) - len(shown)
    if rest:
        shown.append(Problem(file=file, what=f"and {rest} more problem{'s' if rest > 1 else ''}"))
    return shown
