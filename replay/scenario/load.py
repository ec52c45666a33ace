"""A scenario out of a file, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from replay.errors import Problem, ScenarioError
from replay.library import advice
from replay.scenario.check import check
from replay.scenario.decode import decode
from replay.scenario.model import Scenario
from replay.scenario.reader import Document, read

MAX_PROBLEMS = 20
"""More are counted, not shown."""


def load(path: Path, *, control_apart: bool = False) -> Scenario:
    """The scenario in a file.

    Args:
        control_apart: Control has a port of its own, which faults of the whole server do not reach.

    Raises:
        ScenarioError: there is no such file, or it holds no scenario that could be played.
    """
    return loads(text_of(path), str(path), control_apart=control_apart)


def loads(text: str, file: str = "scenario", *, control_apart: bool = False) -> Scenario:
    """The scenario a text holds; `file` names it in problems.

    Raises:
        ScenarioError: it holds no scenario that could be played; carries every problem found.
    """
    document = document_of(text, file)
    scenario, problems = decode(document)
    if scenario is not None:
        problems = check(scenario, document, control_apart=control_apart)
    if scenario is None or problems:
        raise ScenarioError(foremost(problems, file))
    return scenario


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
    """Problems in the order of the file, the last of too many replaced by their number."""
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    shown = ordered[:MAX_PROBLEMS]
    rest = len(ordered) - len(shown)
    if rest:
        shown.append(Problem(file=file, what=f"and {rest} more problem{'s' if rest > 1 else ''}"))
    return shown
