"""What a step makes each time that it takes place: which names, under which it is known from then on.

    {id: said, push: /a, data: {index: "${index}"}}      its data says "${said.index}" when it is compiled
    {id: also, push: /b, data: {index: "${said.index}"}}

So a value is fixed under a name that only this step has, and what comes of the step finds it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from replay.plan.values import compile_value
from replay.scenario.anew import is_anew
from replay.scenario.model import Merged, PushStep, Respond, Scenario, Variable, is_set
from replay.scenario.names import referring, steps_in
from replay.scenario.templates import Reference, parse, references, unparse

_OF_A_STEP = re.compile(r"\$\{([^}.]+\.[^}]+)\}")


class Made(msgspec.Struct, frozen=True):
    """A value that a step makes, or had, when it took place."""

    name: str
    """The variable."""
    known_as: str
    """`STEP.name`."""
    variable: Variable
    is_kept: bool
    """Whether other steps speak of it."""


class Change(msgspec.Struct, frozen=True):
    """What a request adds to a variable that is merged, or removes from it."""

    name: str
    """The variable."""
    value: Any
    """Compiled JSON value: an object; or a name, or a list of them, that is taken out."""
    removes: bool


class Making(msgspec.Struct, frozen=True):
    """What has to be known of a scenario to tell what its steps make."""

    anew: Mapping[str, Variable]
    """Variables that are made each time."""
    others: Mapping[str, Variable]
    spoken_of: frozenset[str]
    """Each `STEP.name` that stands anywhere."""
    changes: Mapping[str, tuple[Change, ...]] = {}
    """By step, what it adds and removes when it takes place."""

    def own(self, value: Any, step: str) -> Any:
        """A value of the file, with what the step makes under the name that only this step has."""
        if not self.anew:
            return value
        if isinstance(value, str):
            return self._own_text(value, step) if "${" in value else value
        if isinstance(value, list):
            return [self.own(item, step) for item in value]
        if isinstance(value, dict):
            return {self.own(key, step): self.own(item, step) for key, item in value.items()}
        return value

    def _own_text(self, text: str, step: str) -> str:
        return unparse(
            Reference(f"{step}.{part.name}")
            if isinstance(part, Reference) and part.name in self.anew
            else part
            for part in parse(text)
        )

    def made_in(self, values: Iterable[Any], step: str, *, also_others: bool = False) -> tuple[Made, ...]:
        """What a step makes that says these values of the file.

        Args:
            also_others: Also what it does not make, where others speak of what it had.
        """
        if not self.anew and not self.spoken_of:
            return ()
        return tuple(self._made(_names_in(values), step, also_others=also_others))

    def _made(self, names: Iterable[str], step: str, *, also_others: bool) -> Iterator[Made]:
        for name in dict.fromkeys(names):
            known_as = f"{step}.{name}"
            is_kept = known_as in self.spoken_of
            if name in self.anew:
                yield Made(name, known_as, self.anew[name], is_kept)
            elif also_others and is_kept and name in self.others:
                yield Made(name, known_as, self.others[name], is_kept)

    def final(self, names: Iterable[str]) -> frozenset[str]:
        """Of these names those whose times are the play's already."""
        if not self.anew:
            return frozenset()
        return frozenset(name for name in names if name.rpartition(".")[2] in self.anew)


NOTHING = Making({}, {}, frozenset())
"""Of a scenario of which nothing is known."""


def making_of(scenario: Scenario) -> Making:
    """What there is to know of a scenario."""
    variables = scenario.variables
    anew = {name: each for name, each in variables.items() if is_anew(each)}
    others = {name: each for name, each in variables.items() if name not in anew}
    spoken_of = frozenset(_spoken_of(scenario)) if variables else frozenset()
    return Making(anew, others, spoken_of, _changes(anew))


def _changes(anew: Mapping[str, Variable]) -> dict[str, tuple[Change, ...]]:
    changes: dict[str, tuple[Change, ...]] = {}
    for name, variable in anew.items():
        merged = variable.merged or Merged()
        for values, removes in ((merged.add, False), (merged.remove, True)):
            for value in values:
                (step,) = steps_in(value)
                changes[step] = (*changes.get(step, ()), Change(name, compile_value(value), removes))
    return changes


def _spoken_of(scenario: Scenario) -> Iterator[str]:
    """What stands there as a literal is found too, and does no harm."""
    for value in _said(scenario):
        for text in referring(value):
            if "." in text:
                yield from _OF_A_STEP.findall(text)


def _said(scenario: Scenario) -> Iterator[Any]:
    for variable in scenario.variables.values():
        if variable.merged is not None:
            yield variable.merged.first
    for step in (*scenario.session, *scenario.steps):
        if isinstance(step, PushStep):
            yield step.push
            yield step.data
            continue
        for respond in step.respond:
            yield from said_in(respond)


def said_in(respond: Respond) -> list[Any]:
    """All that may hold references in an answer."""
    said = [respond.body, respond.text, list(respond.headers.values())]
    return [value for value in said if is_set(value)]


def _names_in(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        for text in referring(value):
            yield from references(text)
