"""The scenario that a document holds; where it is made of several files, which of them is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import Problem, ScenarioError
from replay.scenario.check import check
from replay.scenario.compose import Origin, compose
from replay.scenario.decode import decode
from replay.scenario.model import Scenario
from replay.scenario.parts import Part
from replay.scenario.reader import Document

_Said = tuple[str, int, int, str]


def played(document: Document, *, control_apart: bool = False) -> Scenario:
    """The scenario that a document holds.

    Raises:
        ScenarioError: it could not be played; carries every problem found.
    """
    scenario, problems = _looked_through(document, control_apart=control_apart)
    if scenario is None or problems:
        raise ScenarioError(problems)
    return scenario


def put_together(part: Part, *, control_apart: bool = False) -> Scenario:
    """The scenario that files come to.

    Raises:
        ScenarioError: it could not be played. What is good in another file, but not with what is laid over
            it, is told where that is written.
    """
    scenario, problems = _looked_through(compose(part), control_apart=control_apart)
    if scenario is None or problems:
        raise ScenarioError(_Blaming(control_apart=control_apart).told(part).values())
    return scenario


def _looked_through(document: Document, *, control_apart: bool) -> tuple[Scenario | None, list[Problem]]:
    scenario, problems = decode(document)
    if scenario is not None:
        problems = check(scenario, document, control_apart=control_apart)
    return scenario, problems


class _Blaming:
    """Finds which file brought each problem about."""

    def __init__(self, *, control_apart: bool) -> None:
        self._control_apart = control_apart
        self._told: dict[int, dict[_Said, Problem]] = {}

    def told(self, part: Part) -> dict[_Said, Problem]:
        """What is wrong with a file and all that it is made of, as it is told, by what was found."""
        if id(part) not in self._told:
            self._told[id(part)] = dict(self._judged(part))
        return self._told[id(part)]

    def _judged(self, part: Part) -> Iterator[tuple[_Said, Problem]]:
        before: dict[_Said, Problem] = {}
        for base in part.bases():
            before |= self.told(base)
        for problem in _looked_through(compose(part), control_apart=self._control_apart)[1]:
            said = (problem.file, problem.line, problem.column, problem.what)
            if problem.file == part.document.file:
                yield said, problem
            else:
                known = before.get(said)
                is_its_own = known is not None and known.file == problem.file
                yield said, problem if is_its_own else known or _moved(problem, part)


def _moved(problem: Problem, part: Part) -> Problem:
    """A problem that another file has only with this one, told at what brings it about."""
    what = f"with this, {problem.file}:{problem.line}:{problem.column} is wrong: {problem.what}"
    return _cause(problem, part).problem(what, problem.help)


def _cause(problem: Problem, part: Part) -> Origin:
    """What of a file is to blame: what it leaves out or says anew that the problem speaks of, else all."""
    own = Origin(part.document, ())
    for at, step in enumerate(part.document.value.get("without", [])):
        if f"'{step}'" in problem.what:
            return own.at("without", at)
    for among in ("session", "steps"):
        for at, step in enumerate(part.document.value.get(among, [])):
            if f"'{step['id']}'" in problem.what:
                return own.at(among, at)
    for name in part.document.value.get("variables", {}):
        if f"'{name}'" in problem.what:
            return own.at("variables", name)
    for key in part.document.value:
        if f"'{key}'" in f"{problem.what} {problem.help}":
            return own.at(key)
    for at, other in enumerate(part.included):
        if problem.file in _files(other):
            return own.at("include", at)
    return own.at("extends")


def _files(part: Part) -> set[str]:
    """All files that one is made of, with its own."""
    found, left = {part.document.file}, part.bases()
    while left:
        base = left.pop()
        if base.document.file not in found:
            found.add(base.document.file)
            left += base.bases()
    return found
