"""Which asks a request comes nearest to, weighed so that what a person would call the closest wins.

Path, method and operation weigh most; what else is in query and body decides between asks that are alike in
that, and last the state of the step. The numbers mean nothing but to each other: `tests/misses` holds them to
what people mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec

from replay.bayeux.messages import MalformedError, decode
from replay.plan.values import MISSING, Comparison, Difference, as_text, heeded, same
from replay.simulator.costs import NO_OPERATION, OPERATION, OPERATION_SLIP, RANKS, of_methods, of_operations
from replay.simulator.likeness import (
    ANOTHER,
    SLASH,
    SLIP,
    Segment,
    Step,
    align,
    alike,
    is_slip,
    segments_of,
    similar_key,
)
from replay.simulator.matching import Candidate, Question

NEAR = 5.5
"""What an ask may cost at most to be called near: dearer ones would mislead."""

FULL = 50
"""Asks that are weighed in full, of those that a first look finds cheapest."""

WEIGHED = 8
"""Fields of an ask that are looked at closely, of those that differ."""

READ = 4096
"""Characters of a body that is no JSON of which anything is made."""

KEYS = 30
"""Keys of an object in which others are looked for."""

DEPTH = 3

State = Literal["answerable", "used-up", "not-reached"]

_PAIR = re.compile(r"[\"']?([A-Za-z_]\w{0,40})[\"']?\s*[:=]\s*[\"']?([^\"',;&}\n]{0,200})")

_BODY = 1.5
_SAME_OPERATION, _SAME_ID, _SAME_FIELD, _SAME_FIELDS = -1.5, -1.0, -0.25, -1.0
_SLIP, _TYPE, _ELSEWHERE = 0.5, 0.3, 0.5
_TAIL = 3.0
"""What a segment costs at most that is missing where the operation is the same."""
_FIELDS = 3.0
"""All fields together cost so much, and then only a little more each."""
_STATES: dict[State, float] = {"answerable": 0.0, "not-reached": 0.3, "used-up": 0.4}


class Reading(msgspec.Struct, frozen=True):
    """What a body is taken to say."""

    value: Any
    how: str = ""
    """Why it is not said as it should be; empty where it is."""


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """An ask, and how near a request comes to it."""

    candidate: Candidate
    cost: float
    steps: tuple[Step, ...]
    """Where the path leaves its own; empty where it does not."""
    state: State

    @property
    def is_near(self) -> bool:
        """Whether to name it misleads nobody."""
        return self.cost <= NEAR


def state_of(candidate: Candidate) -> State:
    """Whether a step can be answered, if it is asked rightly."""
    if candidate.unmet:
        return "not-reached"
    return "answerable" if candidate.play.reply_for(candidate.ask) is not None else "used-up"


def nearest(question: Question, found: list[Candidate], reading: Reading) -> list[Near]:
    """The asks that a request comes nearest to, nearest first; of what costs the same, the next in turn."""
    weighing = _Weighing(question, reading)
    chosen = list(range(len(found)))
    if len(found) > FULL:
        chosen.sort(key=[weighing.at_first(each) for each in found].__getitem__)
    weighed = [(weighing.whole(found[at]), at) for at in chosen[:FULL]]

    def order(each: tuple[Near, int]) -> tuple[float, bool, int]:
        near, at = each
        return round(near.cost, 6), near.candidate.play.counts[near.candidate.ask.id] > 0, at

    return [near for near, _ in sorted(weighed, key=order)]


class _Weighing:
    """One request held against many asks."""

    def __init__(self, question: Question, reading: Reading) -> None:
        self._question = question
        self._reading = reading
        self._segments = question.path.split("/")[1:]
        self._paths: dict[Any, list[Step]] = {}
        self._rough: dict[Any, float] = {}
        self._unasked = 0.0 if not question.body.strip() else _BODY if not reading.value else NO_OPERATION

    def at_first(self, candidate: Candidate) -> float:
        """A cost that is cheap to tell."""
        differences = self._differences(candidate)
        total = self._method(candidate) + self._path_roughly(candidate) + _state_cost(candidate)
        operation, others = self._split(candidate, differences)
        fields = sum(0.5 + 0.5 * _unlike(each) for each in others[:WEIGHED])
        return total + self._operation(candidate, operation) + _capped(fields + len(others[WEIGHED:]))

    def whole(self, candidate: Candidate) -> Near:
        """An ask with all that it costs."""
        differences = self._differences(candidate)
        operation, others = self._split(candidate, differences)
        fields = sum(self._field(each) for each in others[:WEIGHED]) + len(others[WEIGHED:])
        agreeing = max(0, _leaves(candidate) - _count(each.expected for each in differences))
        total = (
            self._method(candidate)
            + self._path(candidate)
            + self._operation(candidate, operation)
            + _capped(fields)
            + max(_SAME_FIELDS, _SAME_FIELD * agreeing)
            + (_ELSEWHERE if self._reading.how and candidate.ask.body is not msgspec.UNSET else 0.0)
            + _state_cost(candidate)
        )
        steps = self._steps(candidate) if "path" in _fields_of(candidate) else []
        return Near(candidate=candidate, cost=total, steps=tuple(steps), state=state_of(candidate))

    def _differences(self, candidate: Candidate) -> list[Difference]:
        """What differs in query and body, the body as it is read."""
        ask, play = candidate.ask, candidate.play
        if not self._reading.how or ask.body is msgspec.UNSET:
            return [each for each in candidate.differences if each.field not in {"method", "path"}]
        query = [each for each in candidate.differences if each.field.startswith("query.")]
        comparison = Comparison(play.bound_for(ask, self._question.base_url), exact=ask.exact)
        comparison.compare(ask.body, self._reading.value, "body")
        return query + heeded(comparison.differences, play.timeline.ignored)

    def _split(
        self, candidate: Candidate, differences: list[Difference]
    ) -> tuple[Difference | None, list[Difference]]:
        """What differs in the operation, and what else does."""
        field = f"body.{_operation_field(candidate)}"
        operation = next((each for each in differences if each.field == field), None)
        return operation, [each for each in differences if each is not operation]

    def _method(self, candidate: Candidate) -> float:
        cost = of_methods(self._question.method, candidate.ask.method)
        # What says that it does something is no look at something.
        return cost and cost + (self._unasked if candidate.ask.body is msgspec.UNSET else 0.0)

    def _path_roughly(self, candidate: Candidate) -> float:
        """By how many segments are there, wherever."""
        if "path" not in _fields_of(candidate):
            return 0.0
        key = id(candidate.play), tuple(candidate.ask.path.parts)
        if key not in self._rough:
            there = set(self._segments)
            expected = self._expected(candidate)
            gone = sum(not (segment.open or segment.text in there) for segment in expected)
            self._rough[key] = SLIP * (gone + abs(len(expected) - len(self._segments)))
        return self._rough[key]

    def _path(self, candidate: Candidate) -> float:
        if "path" in _fields_of(candidate):
            steps = self._steps(candidate)
            most = _TAIL if self._is_said(candidate) else ANOTHER
            cost = sum(step.cost if step.got else min(step.cost, most) for step in steps)
            cost += self._strange(candidate, steps)
            wrong = {step.expected.variable for step in steps if step.expected is not None}
        else:
            cost, wrong = 0.0, set()
        has_id = any(name not in wrong for name in candidate.ask.path.names)
        return cost + (_SAME_ID if has_id else 0.0)

    def _is_said(self, candidate: Candidate) -> bool:
        """Whether the request says that it does what the ask does."""
        said, operation = self._reading.value, operation_of(candidate)
        return (
            bool(operation) and isinstance(said, dict) and said.get(_operation_field(candidate)) == operation
        )

    def _steps(self, candidate: Candidate) -> list[Step]:
        operation = operation_of(candidate)
        key = id(candidate.play), tuple(candidate.ask.path.parts), operation
        if key not in self._paths:
            self._paths[key] = align(self._expected(candidate), self._segments, operation)
        return self._paths[key]

    def _expected(self, candidate: Candidate) -> list[Segment]:
        bound = candidate.play.bound_for(candidate.ask, self._question.base_url)
        return segments_of(candidate.ask.path, bound)

    def _strange(self, candidate: Candidate, steps: list[Step]) -> float:
        """What it costs that no word of the path is there, whatever stands for its ids."""
        words = [
            word for part in candidate.ask.path.parts if isinstance(part, str) for word in part.split("/")
        ]
        gone = sum(
            step.expected is not None
            and not step.expected.variable
            and (step.got is None or step.cost > SLIP)
            for step in steps
        )
        return ANOTHER if gone >= sum(map(bool, words)) > 0 else 0.0

    def _operation(self, candidate: Candidate, difference: Difference | None) -> float:
        expected = operation_of(candidate)
        if not expected:
            return 0.0
        if difference is None:
            # A body that is none at all says nothing of it.
            has_body = isinstance(self._reading.value, dict)
            return _SAME_OPERATION if has_body else NO_OPERATION
        got = difference.got
        if isinstance(got, list):
            got = next((each for each in got if isinstance(each, str)), None)
        if got is not None and got != MISSING:
            return of_operations(expected, got, candidate.play.timeline.profile.effects)
        if isinstance(self._reading.value, dict):
            field = _operation_field(candidate)
            for key, value in list(self._reading.value.items())[:KEYS]:
                if key == field:
                    continue
                if isinstance(value, str) and is_slip(value, expected):
                    return _SLIP
                if similar_key(field, [key]):
                    return OPERATION_SLIP if value == expected else OPERATION
        in_path = any(is_slip(segment, expected) for segment in self._segments[-2:] if segment)
        return SLASH if in_path else NO_OPERATION

    def _field(self, difference: Difference) -> float:
        """What one field costs."""
        expected, got = difference.expected, difference.got
        if got == MISSING:
            # A body that says nothing says nothing against any of them.
            is_said = bool(self._reading.value) or difference.field.startswith("query.")
            similar = similar_to(difference, self._question, self._reading)
            return _SLIP if similar else 1.0 if is_said else 0.0
        if expected == MISSING:
            return 1.0
        if type(expected) is not type(got) and as_text(expected) == as_text(got):
            return _TYPE
        return 0.3 + 0.7 * _unlike(difference)


def operation_of(candidate: Candidate) -> str:
    """What the body of an ask says that it does; empty where the API has no such field, or it has none."""
    field, body = _operation_field(candidate), candidate.ask.body
    value = body.get(field) if field and isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def similar_to(difference: Difference, question: Question, reading: Reading) -> str:
    """The key that the request has in the place of one that is missing; empty where none is like it."""
    where, _, key = difference.field.rpartition(".")
    if where == "query":
        return similar_key(key, [name for name, _ in question.query[:KEYS] if name != key])
    beside = _at(reading.value, where)
    if not isinstance(beside, dict):
        return ""
    others = [other for other in list(beside)[:KEYS] if other != key]
    alike_in_value = (
        other
        for other in others
        if isinstance(difference.expected, str)
        and len(difference.expected) > 2
        and beside[other] == difference.expected
    )
    return similar_key(key, others) or next(alike_in_value, "")


def read(question: Question, operation_field: str) -> Reading:
    """What the body of a request most likely means to say."""
    said = question.json
    if isinstance(said, dict):
        if operation_field and operation_field not in said:
            for path, inner in _objects(said, ""):
                if operation_field in inner:
                    return Reading(inner, f"it is all in '{path}'")
        return Reading(said)
    if isinstance(said, list) and said and isinstance(said[0], dict):
        return Reading(said[0], "the body is a list")
    if isinstance(said, str):
        try:
            inner = decode(said[:READ].encode())
        except MalformedError:
            inner = _pairs(said)
        return Reading(inner, "the body is a string with JSON in it")
    if said is not msgspec.UNSET:
        return Reading(said)
    text = question.body[:READ].decode(errors="replace").strip()
    if not text:
        return Reading(dict(question.query[:KEYS]), "there is no body")
    if not text.startswith(("{", "[", '"')) and (form := dict(parse_qsl(text)[:KEYS])):
        return Reading(form, "the body is a form")
    return Reading(_pairs(text), "the body is no JSON")


def said_operation(question: Question, operation_field: str) -> str:
    """What a request most likely means to say that it does; empty if it says nothing of that."""
    said = read(question, operation_field).value
    operation = said.get(operation_field) if isinstance(said, dict) else None
    return operation if isinstance(operation, str) else ""


def _pairs(text: str) -> dict[str, str]:
    return {found[1]: found[2].strip() for found in _PAIR.finditer(text[:READ])}


def _objects(value: dict[str, Any], path: str, depth: int = DEPTH) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, inner in list(value.items())[:KEYS] if depth else ():
        if isinstance(inner, dict):
            here = f"{path}.{key}" if path else key
            yield here, inner
            yield from _objects(inner, here, depth - 1)


def _at(value: Any, field: str) -> Any:
    """What a body has at `body.a.b`."""
    for key in field.split(".")[1:]:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _operation_field(candidate: Candidate) -> str:
    return str(candidate.play.timeline.profile.operation_field)


def _fields_of(candidate: Candidate) -> set[str]:
    """Of its first differences: method and path stand before all others."""
    return {each.field for each in candidate.differences[:2]}


def _unlike(difference: Difference) -> float:
    """From 0 to 1: how far what came is from what was expected."""
    expected, got = difference.expected, difference.got
    if isinstance(expected, str) and isinstance(got, str) and MISSING not in {expected, got}:
        return 1.0 - alike(expected, got)
    if isinstance(expected, list) and isinstance(got, list) and len(got) < KEYS:
        return 0.5 if any(same(one, other) for one in expected[:KEYS] for other in got) else 1.0
    return 1.0


def _capped(fields: float) -> float:
    return min(fields, _FIELDS) + min(0.01 * fields, _SLIP)


def _state_cost(candidate: Candidate) -> float:
    return _STATES[state_of(candidate)] + RANKS[min(candidate.rank, 2)]


def _leaves(candidate: Candidate) -> int:
    """Fields of query and body that an ask expects."""
    body = candidate.ask.body
    return len(candidate.ask.query) + (0 if body is msgspec.UNSET else _count([body]))


def _count(values: Iterable[Any]) -> int:
    total = 0
    for value in values:
        if isinstance(value, dict):
            total += _count(value.values())
        elif isinstance(value, list):
            total += _count(value)
        else:
            total += 1
    return total
