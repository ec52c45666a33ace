"""Which step of one scenario is which of the other: by id, else by what it is and what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from replay.scenario.model import PushStep, RequestStep, Scenario, Step, is_set
from replay.scenario.triggers import parse_trigger
from replay.verify.diff_names import skeleton
from replay.verify.stretches import stretches

_REFERENCE = re.compile(r"\$\{[^}]*\}")
_NUMBERED = re.compile(r"-?\d+$")


class Placed(NamedTuple):
    """A step and the part of the file it stands in."""

    part: str
    """`session` or `steps`."""
    step: Step


def placed(scenario: Scenario) -> list[Placed]:
    """All steps of a scenario, those of the session first."""
    session = [Placed("session", step) for step in scenario.session]
    return session + [Placed("steps", step) for step in scenario.steps]


def match(a: Sequence[Placed], b: Sequence[Placed]) -> list[tuple[int, int]]:
    """Finds who is who: places in the two lists, in the order of the one.

    Steps of one kind (what is asked of which path, what is pushed to which channel) are matched among
    themselves; whoever is left over is matched by id alone, as a step whose kind differs.
    """
    return _Matcher(a, b).matches()


class _Matcher:
    """Two lists of steps; `pairs` grows, requests first, since they tell pushes that look alike apart."""

    def __init__(self, a: Sequence[Placed], b: Sequence[Placed]) -> None:
        self.a, self.b = a, b
        self.pairs: dict[int, int] = {}
        self._there: dict[str, str] = {}
        """Requests of A by their ids, with those in B."""
        self._asked: frozenset[str] = frozenset()
        """Requests that are in both, by their ids in B."""

    def matches(self) -> list[tuple[int, int]]:
        others: dict[str, list[int]] = {}
        for at, there in enumerate(self.b):
            others.setdefault(kind_of(there.step), []).append(at)
        groups: dict[str, list[int]] = {}
        for at, here in enumerate(self.a):
            groups.setdefault(kind_of(here.step), []).append(at)
        pushes = {kind for kind, ours in groups.items() if isinstance(self.a[ours[0]].step, PushStep)}
        for kind, ours in groups.items():
            if kind not in pushes:
                self._group(ours, others.get(kind, []))
        self._there = {self.a[i].step.id: self.b[j].step.id for i, j in self.pairs.items()}
        self._asked = frozenset(self._there.values())
        for kind, ours in groups.items():
            if kind in pushes:
                self._group(ours, others.get(kind, []))
        self._by_id_alone()
        return sorted(self.pairs.items())

    def _by_id_alone(self) -> None:
        taken = set(self.pairs.values())
        left = {there.step.id: at for at, there in enumerate(self.b) if at not in taken}
        for at, here in enumerate(self.a):
            other = left.get(here.step.id)
            if at not in self.pairs and other is not None and type(here.step) is type(self.b[other].step):
                self.pairs[at] = other

    def _group(self, ours: list[int], theirs: list[int]) -> None:
        """Steps of one kind: those of one name among themselves, whatever their numbers, then the rest.

        Ids of repeated steps are numbered, so one step more moves the ids of all that follow.
        """
        own, families = self._families(self.a, ours), self._families(self.b, theirs)
        for name, members in own.items():
            self._align(members, families.get(name, []))
        taken = set(self.pairs.values())
        left = [at for at in ours if at not in self.pairs], [at for at in theirs if at not in taken]
        self._align(*left)

    @staticmethod
    def _families(side: Sequence[Placed], places: list[int]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at in places:
            found.setdefault(_NUMBERED.sub("", side[at].step.id), []).append(at)
        return found

    def _align(self, ours: list[int], theirs: list[int]) -> None:
        """By id where those that both have are the same steps; else by what they say, the rest in order."""
        by_id = {self.b[at].step.id: at for at in theirs}
        both = {at: by_id[self.a[at].step.id] for at in ours if self.a[at].step.id in by_id}
        if len(both) == len(ours) == len(theirs):
            self.pairs |= both
            return
        said = [self._here(at) for at in both], [self._in_b(at) for at in both.values()]
        if said[0] == said[1]:
            self.pairs |= both
            taken = set(both.values())
            ours, theirs = [at for at in ours if at not in both], [at for at in theirs if at not in taken]
        for left, right in self._alike(ours, theirs, str):
            for still, other in self._alike(left, right, skeleton):
                self._in_order(still, other)

    def _in_order(self, ours: list[int], theirs: list[int]) -> None:
        """Those of one id, then what is left."""
        names = {self.b[at].step.id: at for at in theirs}
        named = {at: names[self.a[at].step.id] for at in ours if self.a[at].step.id in names}
        taken = set(named.values())
        rest = [at for at in ours if at not in named], [at for at in theirs if at not in taken]
        self.pairs |= named | dict(zip(*rest, strict=False))

    def _alike(
        self, ours: list[int], theirs: list[int], shape: Callable[[str], str]
    ) -> Iterator[tuple[list[int], list[int]]]:
        """Pairs steps that say the same in one order; yields what is left on both sides between them."""
        said = [self._here(at, shape) for at in ours], [self._in_b(at, shape) for at in theirs]
        for same, here, there in stretches(*said):
            if same:
                self.pairs.update(zip(ours[here], theirs[there], strict=True))
            else:
                yield ours[here], theirs[there]

    def _here(self, at: int, shape: Callable[[str], str] = str) -> str:
        """What a step of A says, and what it follows."""
        step = self.a[at].step
        return shape(_said(step)) + self._follows(step, self._there)

    def _in_b(self, at: int, shape: Callable[[str], str] = str) -> str:
        """The same of a step of B."""
        step = self.b[at].step
        return shape(_said(step)) + self._follows(step, None)

    def _follows(self, step: Step, there: dict[str, str] | None) -> str:
        """The requests a push follows, by their ids in B: those that are in both."""
        if isinstance(step, RequestStep):
            return ""
        names = (moment.step for moment in parse_trigger(step.after).moments)
        known = names if there is None else (there.get(name, "") for name in names)
        return " ".join(sorted(name for name in known if name in self._asked))


def kind_of(step: Step) -> str:
    """What a step is, whatever it is called and whoever it names."""
    if isinstance(step, RequestStep):
        target = step.request.partition("?")[0]
        return f"{_plain(target)} {_word(step.body if is_set(step.body) else None, 'operationName')}".strip()
    named = _word(step.data, "messageType"), _word(step.data, "notificationType"), _state(step.data)
    return " ".join(part for part in (f"push {_plain(step.push)}", *named) if part)


def _word(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _state(data: Any) -> str:
    """The state that an object within the event is said to be in."""
    inner = data.values() if isinstance(data, dict) else ()
    return next((each["state"] for each in inner if isinstance(each, dict) and _word(each, "state")), "")


def _said(step: Step) -> str:
    """What a step says, without names."""
    if isinstance(step, RequestStep):
        answers = [(answer.status, answer.body if is_set(answer.body) else None) for answer in step.respond]
        value: Any = [step.request, step.body if is_set(step.body) else None, answers]
    else:
        value = step.data
    return _plain(json.dumps(value, sort_keys=True))


def _plain(text: str) -> str:
    return _REFERENCE.sub("${}", text)
