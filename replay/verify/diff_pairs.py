"""What differs between a step of one scenario and the step of the other that it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from replay.scenario.delays import Delay, median, parse_delay
from replay.scenario.durations import parse_duration
from replay.scenario.model import PushStep, RequestStep, Respond, Step, is_set, repeat_of
from replay.scenario.triggers import Moment, Trigger, format_trigger, parse_trigger
from replay.verify.diff_values import ABSENT, Change, Values
from replay.verify.report import Kind
from replay.verify.timing import Tolerance, apart

_PARTS = ("body", "text", "base64")


class Said(NamedTuple):
    """A difference of two steps, before it is known whose."""

    kind: Kind
    change: Change
    apart: float | None = None
    """Of delays: seconds that the other's is longer."""


class Pairs:
    """Compares steps.

    Args:
        values: Has learned all there is to learn.
        there: The other side's id for each step of the one that has a match.
    """

    def __init__(self, values: Values, there: dict[str, str], tolerance: Tolerance) -> None:
        self._values = values
        self._there = there
        self._tolerance = tolerance

    def differences(self, one: Step, other: Step) -> Iterator[Said]:
        """Where two steps differ by more than their names."""
        if isinstance(one, RequestStep) and isinstance(other, RequestStep):
            yield from self._requests(one, other)
        elif isinstance(one, PushStep) and isinstance(other, PushStep):
            yield from self._pushes(one, other)

    def _pushes(self, one: PushStep, other: PushStep) -> Iterator[Said]:
        yield from self._text("channel", one.push, other.push, "push")
        triggers = parse_trigger(one.after), parse_trigger(other.after)
        if self._moved(triggers[0]) != set(triggers[1].moments):
            yield Said("trigger", Change("after", one.after, other.after))
        else:
            windows = parse_duration(one.window), parse_duration(other.window)
            gap, longest = apart(triggers[0].delay, triggers[1].delay, windows)
            if not self._tolerance.allows(gap, longest):
                longer = _longer(triggers[0].delay, triggers[1].delay)
                yield Said("delay", Change("after", _timed(one), _timed(other)), longer)
        yield from self._ends(one.until, other.until)
        yield from self._values_of("event", one.data, other.data, "data")

    def _ends(self, one: list[str], other: list[str]) -> Iterator[Said]:
        if {self._there.get(name, name) for name in one} != set(other):
            yield Said("trigger", Change("until", one, other))

    def _moved(self, trigger: Trigger) -> set[Moment]:
        """What the one's trigger waits for, by the ids of the other."""
        return {Moment(self._there.get(m.step, m.step), m.response) for m in trigger.moments}

    def _requests(self, one: RequestStep, other: RequestStep) -> Iterator[Said]:
        lines = one.request.split(" ", 1), other.request.split(" ", 1)
        if lines[0][0] != lines[1][0]:
            yield Said("request", Change("method", lines[0][0], lines[1][0]))
        (path, _, query), (other_path, _, other_query) = (line[-1].partition("?") for line in lines)
        yield from self._text("request", path, other_path, "path")
        yield from self._values_of("request", _query(query), _query(other_query), "query")
        yield from self._values_of("request", _given(one.body), _given(other.body), "body")
        needs = {self._there.get(name, name) for name in one.needs}
        if needs != set(other.needs):
            yield Said("trigger", Change("needs", one.needs, other.needs))
        yield from self._ends(one.until, other.until)
        for name in ("match", "repeat"):
            said = [repeat_of(s) if name == "repeat" else s.match for s in (one, other)]
            if said[0] != said[1]:
                yield Said("request", Change(name, *said))
        yield from self._answers(one.respond, other.respond)

    def _values_of(self, kind: Kind, one: Any, other: Any, field: str) -> Iterator[Said]:
        for change in self._values.changes(one, other, field):
            yield Said(kind, change)

    def _text(self, kind: Kind, one: str, other: str, field: str) -> Iterator[Said]:
        if not self._values.texts_alike(one, other, field):
            yield Said(kind, Change(field, one, other))

    def _answers(self, ours: list[Respond], theirs: list[Respond]) -> Iterator[Said]:
        for at in range(max(len(ours), len(theirs))):
            field = "answer" if max(len(ours), len(theirs)) == 1 else f"answer[{at}]"
            if at >= len(ours) or at >= len(theirs):
                said = [side[at].status if at < len(side) else ABSENT for side in (ours, theirs)]
                yield Said("answer", Change(field, *said))
            else:
                yield from self._answer(ours[at], theirs[at], field)

    def _answer(self, one: Respond, other: Respond, field: str) -> Iterator[Said]:
        if one.status != other.status:
            yield Said("answer", Change(f"{field}.status", one.status, other.status))
        delays = parse_delay(one.after), parse_delay(other.after)
        gap, longest = apart(*delays)
        if not self._tolerance.allows(gap, longest):
            change = Change(f"{field}.after", one.after, other.after)
            yield Said("delay", change, _longer(*delays))
        yield from self._values_of("answer", *_headers(one.headers, other.headers), f"{field}.headers")
        for name in _PARTS:
            given = _given(getattr(one, name)), _given(getattr(other, name))
            yield from self._values_of("answer", *given, f"{field}.{name}")


def _longer(one: Delay, other: Delay) -> float:
    return round(median(other) - median(one), 4)


def _headers(one: dict[str, str], other: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Headers of two answers; HTTP/2 writes the same names in small letters."""
    spelled = {name.lower(): name for name in one}
    return one, {spelled.get(name.lower(), name): value for name, value in other.items()}


def _query(text: str) -> dict[str, Any]:
    """Parameters by name; one that is given several times has a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found[name] = [*found[name], value] if name in found else [value]
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _given(value: Any) -> Any:
    return ABSENT if value is None or not is_set(value) else value


def _timed(step: PushStep) -> str:
    """A push's trigger, with the window it has."""
    after = format_trigger(parse_trigger(step.after))
    return after if step.window == "0s" else f"{after} (window {step.window})"
