"""Two scenarios held against each other, step by step: what keeps one from being taken for the other.

Names are compared by what they name. Where a scenario comes from, what it is about and the evidence for it
are not compared, nor the recorded values of ids that are made anew for every play.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from replay.scenario.model import Collected, Merged, PushStep, Scenario, Step, Variable, is_set, roles_of
from replay.scenario.triggers import parse_trigger
from replay.verify.diff_names import Pairing
from replay.verify.diff_pairs import Pairs
from replay.verify.diff_settings import demands_of, settings_of
from replay.verify.diff_steps import Placed, kind_of, match, placed
from replay.verify.diff_values import ABSENT, Personal, Values
from replay.verify.report import Difference, Kind
from replay.verify.timing import Tolerance


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `diff` found."""

    differences: tuple[Difference, ...]
    """Settings and variables, then by step, in the order of A, those only in B where they stand in B."""
    variables: dict[str, str]
    """Variables of A with another name in B, used alike."""
    roles: dict[str, str]
    """Agents of A with another name in B."""
    pseudonyms: dict[str, str]
    """Words of A that stand for others in B, as redaction makes them."""
    steps: tuple[int, int]
    """How many each has."""
    matched: int
    """How many of them are in both."""

    @property
    def same(self) -> bool:
        """Whether one could be taken for the other."""
        return not self.differences


def nothing_personal(_path: Any) -> bool:
    """No field is redacted: every word is compared."""
    return False


def diff(
    a: Scenario,
    b: Scenario,
    *,
    tolerance: Tolerance | None = None,
    personal: Personal = nothing_personal,
) -> Report:
    """Compares two scenarios.

    Args:
        tolerance: What delays may be apart; 10 ms unless said. Windows and distributions are respected.
        personal: Which fields are redacted, so that their words may be pseudonyms, the same one everywhere.
    """
    return _Comparison(a, b, tolerance or Tolerance(), personal).report()


class _Comparison:
    def __init__(self, a: Scenario, b: Scenario, tolerance: Tolerance, personal: Personal) -> None:
        self.a, self.b = a, b
        self.ours, self.theirs = placed(a), placed(b)
        self.matches = match(self.ours, self.theirs)
        self.there = {self.ours[i].step.id: self.theirs[j].step.id for i, j in self.matches}
        times = {*a.shift_times, *b.shift_times}
        self.values = Values({*a.ignore, *b.ignore}, times, self.there, personal)
        self.roles = Pairing()
        self._first = roles_of(a)[0], roles_of(b)[0]
        self._learn()
        self.pairs = Pairs(self.values, self.there, tolerance)
        self._by_id = {each.step.id: each.step for each in self.theirs}

    def _learn(self) -> None:
        for i, j in self.matches:
            one, other = self.ours[i].step, self.theirs[j].step
            self.roles.see(*self._agents(one, other))
            self.values.learn(_told(one), _told(other))
        self.values.learn(demands_of(self.a), demands_of(self.b))
        for one_name, variable in self.a.variables.items():
            other_variable = self.b.variables.get(one_name)
            if other_variable is not None and _is_sent(variable) and _is_sent(other_variable):
                self.values.learn(_recorded(variable), _recorded(other_variable), (_field(one_name),))
        self.values.settle()
        self.roles.settle()

    def report(self) -> Report:
        found = [*self._settings(), *self._variables(), *self._steps()]
        return Report(
            differences=tuple(found),
            variables={
                name: other
                for name, other in self.values.names.renamed.items()
                if name in self.a.variables and other in self.b.variables
            },
            roles=self.roles.renamed,
            pseudonyms=dict(sorted(self.values.words.used)),
            steps=(len(self.ours), len(self.theirs)),
            matched=len(self.matches),
        )

    def _settings(self) -> Iterator[Difference]:
        ours, theirs = settings_of(self.a, self.there), settings_of(self.b, {})
        for change in self.values.changes(ours, theirs, ""):
            yield Difference(kind="setting", field=change.field, a=change.a, b=change.b)

    def _variables(self) -> Iterator[Difference]:
        names = self.values.names
        met = set()
        for name, variable in self.a.variables.items():
            other_name = names.there.get(name, name)
            other = self.b.variables.get(other_name)
            if other is None:
                yield Difference(kind="variable", field=name, a=_shown(variable))
                continue
            met.add(other_name)
            if variable.make != other.make:
                yield Difference(kind="variable", field=f"{name}.make", a=_made(variable), b=_made(other))
            elif variable.told != other.told:
                one_told, other_told = (_built(each.told) for each in (variable, other))
                yield Difference(kind="variable", field=f"{name}.told", a=one_told, b=other_told)
            elif variable.merged is not None or other.merged is not None:
                both = _built(variable.merged), _built(other.merged)
                for change in self.values.changes(*both, f"{name}.merged"):
                    yield Difference(kind="variable", field=change.field, a=change.a, b=change.b)
            elif _is_sent(variable):
                one_value, other_value = _recorded(variable), _recorded(other)
                if not self.values.alike(one_value, other_value, _field(name)):
                    yield Difference(kind="variable", field=f"{name}.recorded", a=one_value, b=other_value)
        for name, variable in self.b.variables.items():
            if name not in met:
                yield Difference(kind="variable", field=name, b=_shown(variable))

    def _steps(self) -> Iterator[Difference]:
        pairs = dict(self.matches)
        back = {j: i for i, j in self.matches}
        # Those only in B stand after the step of A that theirs follows.
        after: dict[int, list[int]] = {}
        last = -1
        for j in range(len(self.theirs)):
            if j in back:
                last = back[j]
            else:
                after.setdefault(last, []).append(j)
        for i in range(-1, len(self.ours)):
            if i in pairs:
                yield from self._pair(self.ours[i], self.theirs[pairs[i]])
            elif i >= 0:
                step = self.ours[i].step
                yield Difference(kind="only in a", step=step.id, a=kind_of(step))
            for j in after.get(i, ()):
                step = self.theirs[j].step
                yield Difference(kind="only in b", step=step.id, b=kind_of(step))

    def _pair(self, here: Placed, there: Placed) -> Iterator[Difference]:
        one, other = here.step, there.step
        name = other.id if other.id != one.id else ""
        if name:
            yield Difference(kind="renamed", step=one.id, other=name, a=one.id, b=name)
        if here.part != there.part:
            yield Difference(kind="moved", step=one.id, other=name, a=here.part, b=there.part)
        agents = self._agents(one, other)
        if not self.roles.alike(*agents):
            yield Difference(kind="agent", step=one.id, other=name, a=agents[0], b=agents[1])
        for kind, (field, a, b), longer in self.pairs.differences(one, other):
            said: Kind = "order" if kind == "trigger" and self._swapped(one, other) else kind
            yield Difference(kind=said, step=one.id, other=name, field=field, a=a, b=b, apart=longer)

    def _agents(self, one: Step, other: Step) -> tuple[str, str]:
        return one.agent or self._first[0], other.agent or self._first[1]

    def _swapped(self, one: Step, other: Step) -> bool:
        """Whether in B something waits for this step that this step waits for in A."""
        depth = self._depths
        left = [self.there[cause] for cause in _causes(one) if cause in self.there]
        seen: set[str] = set()
        while left:
            name = left.pop()
            if name == other.id:
                return True
            # What waits for it stands deeper than it does.
            if name not in seen and depth.get(name, 0) > depth[other.id]:
                seen.add(name)
                left += _causes(self._by_id[name])
        return False

    @cached_property
    def _depths(self) -> dict[str, int]:
        """For each step of B, how long the longest chain of steps is that it waits for."""
        depths: dict[str, int] = {}
        met: set[str] = set()
        left = list(self._by_id)
        while left:
            name = left[-1]
            causes = [each for each in _causes(self._by_id[name]) if each in self._by_id]
            unmet = [each for each in causes if each not in met]
            met.add(name)
            if unmet:
                left += unmet
                continue
            depths.setdefault(name, 1 + max((depths.get(each, 0) for each in causes), default=0))
            left.pop()
        return depths


def _causes(step: Step) -> list[str]:
    if isinstance(step, PushStep):
        return [moment.step for moment in parse_trigger(step.after).moments]
    return step.needs


def _told(step: Step) -> Any:
    """All of a step that may hold names."""
    if isinstance(step, PushStep):
        return {"push": step.push, "data": step.data}
    answers = [
        {"headers": each.headers, "body": _given(each.body), "text": each.text} for each in step.respond
    ]
    return {"request": step.request, "body": _given(step.body), "answers": answers}


def _given(value: Any) -> Any:
    return value if is_set(value) else None


def _recorded(variable: Variable) -> Any:
    return variable.recorded if is_set(variable.recorded) else ABSENT


def _field(name: str) -> str:
    """The field that a captured variable was named after."""
    return name.rstrip("0123456789")


def _is_sent(variable: Variable) -> bool:
    """Whether its value comes from the client, or is as recorded."""
    return variable.make is None and variable.told is None and variable.merged is None


def _made(variable: Variable) -> Any:
    return variable.make or ABSENT


def _built(of: Collected | Merged | None) -> Any:
    return ABSENT if of is None else msgspec.to_builtins(of)


def _shown(variable: Variable) -> Any:
    if variable.told is not None:
        return f"told: {msgspec.json.encode(variable.told).decode()}"
    if variable.merged is not None:
        return f"merged: {msgspec.json.encode(variable.merged).decode()}"
    return f"make: {variable.make}" if variable.make else _recorded(variable)
