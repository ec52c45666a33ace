"""The few kinds of error, each with the exit code a command ends with."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a file, said to a reader who has it open."""

    file: str
    what: str
    """A sentence, without the full stop."""
    line: int = 0
    """From 1; 0 when the file as a whole is meant."""
    column: int = 0
    """From 1; 0 when the line as a whole is meant."""
    help: str = ""
    """What to do, as sentences of their own."""

    def __str__(self) -> str:
        where = self.file
        if self.line:
            where += f":{self.line}"
            if self.column:
                where += f":{self.column}"
        text = f"{where}: {self.what}."
        return f"{text}\n  {self.help}" if self.help else text


class ReplayError(Exception):
    """The root of every error the package raises on purpose; `str` is what the user reads."""

    exit_code = 1


class UsageError(ReplayError):
    """The command or the call was put wrongly."""

    exit_code = 2
    problems: tuple[Problem, ...] = ()
    """Where several things are wrong, each with its place."""

    def __init__(self, what: str, *, help: str = "") -> None:  # noqa: A002
        """Said in a sentence, without the full stop where `help` says what to do."""
        super().__init__(f"{what}. {help}" if help else what)
        self.what = what
        self.help = help


class NoSuchError(UsageError):
    """Nothing, or nobody, is called that."""


class NotNowError(UsageError):
    """It could be done, but not as things stand."""


class ScenarioError(ReplayError):
    """A scenario cannot be used; carries every problem found."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RecordingError(ReplayError):
    """A recording cannot be read or holds nothing of use."""

    exit_code = 2


class ControlError(ReplayError):
    """A server refuses a control call."""

    exit_code = 2

    def __init__(
        self,
        status: int,
        what: str,
        *,
        help: str = "",  # noqa: A002
        problems: Iterable[Problem] = (),
    ) -> None:
        """Args:
        status: Of the answer.
        problems: Where several things are wrong, each with its place.
        """
        self.status = status
        self.what = what
        self.help = help
        self.problems = tuple(problems)
        said = f"{what}. {help}" if help else what
        several = self.problems if len(self.problems) > 1 else ()
        super().__init__("\n".join([said, *(str(problem) for problem in several)]))


class ExpectationError(ReplayError, AssertionError):
    """What was expected to happen has not; in a test it fails like any assertion."""


class SurroundingsError(ReplayError):
    """What the command needs around it is missing: a port, a server, a certificate, another package."""

    exit_code = 3


def as_json(error: ReplayError) -> dict[str, Any]:
    """An error as a program reads it: `what`, `help`, and its `problems`, each with its place."""
    found = error.problems if isinstance(error, ScenarioError | UsageError) else ()
    problems = [{"at": each.file, "what": each.what, "help": each.help} for each in found]
    if isinstance(error, ScenarioError):
        first = error.problems[0]
        what = first.what if len(problems) == 1 else f"{len(problems)} problems; the first: {first.what}"
        return {"what": what, "help": first.help, "problems": problems}
    if isinstance(error, UsageError):
        return {"what": error.what, "help": error.help, "problems": problems}
    return {"what": str(error), "help": "", "problems": []}


def nearest(name: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or nothing when no known name is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""


def check_known(what: str, name: Any, known: Collection[str]) -> None:
    """Holds a name against those there are.

    Raises:
        UsageError: there is no such one; says which is meant, or which there are.
    """
    if name not in known:
        advice = nearest(str(name), known) or f"Known: {', '.join(known)}."
        raise UsageError(f"there is no {what} '{name}'", help=advice)


class Guesses:
    """`nearest` among the same names again and again.

    Only for the first few names: a file with more problems than that has them counted, not shown, and among
    ten thousand names each guess takes a tenth of a second.
    """

    MANY = 30

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)
        self._made: dict[str, str] = {}

    def nearest(self, name: str) -> str:
        """`Did you mean 'x'?`, or nothing."""
        if name not in self._made:
            if len(self._made) >= self.MANY:
                return ""
            self._made[name] = nearest(name, self._known)
        return self._made[name]
