"""Names that several recordings gave to the same things, made one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from replay.distil.aligned import Row
from replay.scenario.model import PushStep, Scenario, Step
from replay.scenario.templates import BASE_URL, Reference, parse, unparse

Rename = Callable[[str], str]


def counterparts(one: Any, other: Any) -> Iterator[tuple[str, str]]:
    """Names that stand at the same places of two values."""
    if isinstance(one, str) and isinstance(other, str):
        ours, theirs = parse(one), parse(other)
        if [type(part) for part in ours] == [type(part) for part in theirs]:
            for mine, yours in zip(ours, theirs, strict=True):
                if isinstance(mine, Reference) and isinstance(yours, Reference):
                    yield mine.name, yours.name
    elif isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():
            if key in other:
                yield from counterparts(value, other[key])
    elif isinstance(one, list) and isinstance(other, list):
        for mine, yours in zip(one, other, strict=False):
            yield from counterparts(mine, yours)


def said_in(step: Step) -> list[Any]:
    """Everything in a step that may hold names, always in the same order."""
    if isinstance(step, PushStep):
        return [step.push, step.data]
    answers = [[answer.headers, answer.body, answer.text or ""] for answer in step.respond]
    return [step.request, step.body, answers]


class Unified:
    """The names of all recordings: those of the first, and for the others what they are called there."""

    def __init__(self, scenarios: list[Scenario], rows: list[Row]) -> None:
        self.variables = dict(scenarios[0].variables)
        self._names: list[dict[str, str]] = [{BASE_URL: BASE_URL} for _ in scenarios]
        self._names[0] |= {name: name for name in scenarios[0].variables}
        for row in rows:
            for place, step in row.items():
                self._learn(row, place, step)
        for place, scenario in enumerate(scenarios):
            for name, variable in scenario.variables.items():
                if name not in self._names[place]:
                    self._names[place][name] = free = self.free(name)
                    self.variables[free] = variable
        self._drop_unused(scenarios, rows)

    def _learn(self, row: Row, place: int, step: Step) -> None:
        base = min(row)
        if base == place:
            return
        taken = set(self._names[place].values())
        for mine, yours in counterparts(said_in(row[base]), said_in(step)):
            canonical = self._names[base].get(mine)
            if canonical is not None and canonical not in taken and yours not in self._names[place]:
                self._names[place][yours] = canonical
                taken.add(canonical)

    def _drop_unused(self, scenarios: list[Scenario], rows: list[Row]) -> None:
        """Variables of which only steps speak that an earlier recording tells as well."""
        spoken = set(scenarios[0].variables)
        for row in rows:
            base = min(row)
            spoken |= {self._names[base].get(name, name) for name in _names_in(said_in(row[base]))}
        self.variables = {name: each for name, each in self.variables.items() if name in spoken}

    def free(self, name: str) -> str:
        """The plainest name like it that is free."""
        stem, number, free = name.rstrip("0123456789") or name, 1, name
        while free in self.variables or free == BASE_URL:
            number += 1
            free = f"{stem}{number}"
        return free

    def told(self, value: Any, place: int) -> Any:
        """A value of one recording with the names that all share."""
        return renamed(value, lambda name: self._names[place].get(name, name))


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (part.name for part in parse(value) if isinstance(part, Reference))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _names_in(key)
            yield from _names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in(item)


def renamed(value: Any, rename: Rename) -> Any:
    """A value with other names in its references."""
    if isinstance(value, str):
        if "${" not in value:
            return value
        return unparse(Reference(rename(p.name)) if isinstance(p, Reference) else p for p in parse(value))
    if isinstance(value, dict):
        return {renamed(key, rename): renamed(item, rename) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, rename) for item in value]
    return value


def step_with(step: Step, tell: Callable[[Any], Any]) -> Step:
    """A step with everything that may hold names told anew."""
    if isinstance(step, PushStep):
        return msgspec.structs.replace(step, push=tell(step.push), data=tell(step.data))
    answers = [
        msgspec.structs.replace(
            each,
            headers=tell(each.headers),
            body=tell(each.body),
            text=tell(each.text),
        )
        for each in step.respond
    ]
    return msgspec.structs.replace(step, request=tell(step.request), body=tell(step.body), respond=answers)
