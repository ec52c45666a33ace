"""By what a thing of the API is known in a scenario: a request, an answer, an event, a field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from replay.scenario.model import PushStep, RequestStep, Scenario, Step
from replay.scenario.triggers import parse_trigger

Sign = Callable[[Scenario], Iterator[str]]
"""The steps of a scenario that play a thing; an empty name stands for the scenario as a whole."""

CHAT = "POST /api/v2/me/chats/{}"
_REFERENCE = re.compile(r"\$\{[^}]*\}")


def asked(request: str, body: Mapping[str, Any] | None = None, **body_fields: Any) -> Sign:
    """A request: `{}` stands for whatever a variable does; a query is compared as it is written."""
    fields = {**(body or {}), **body_fields}

    def find(scenario: Scenario) -> Iterator[str]:
        for step in _requests(scenario):
            if _REFERENCE.sub("{}", step.request) == request and _has(step.body, fields):
                yield step.id

    return find


def operation(name: str, request: str = CHAT, **fields: Any) -> Sign:
    """An operation of an agent's on a chat, or on something else, that is not refused."""
    return both(asked(request, {"operationName": name, **fields}), answered(200))


def read(request: str) -> Sign:
    """A GET that is answered with what was asked for."""
    return both(asked(request), answered(200))


def replied(name: str, **fields: Any) -> Sign:
    """An operation on a chat, and what is in the answer to it."""
    return both(asked(CHAT, {"operationName": name}), answered(200, **fields))


def answered(status: int | None = None, /, request: str = "", **fields: Any) -> Sign:
    """An answer with this HTTP status, and these fields in its body."""

    def find(scenario: Scenario) -> Iterator[str]:
        for step in _requests(scenario):
            if request and _REFERENCE.sub("{}", step.request) != request:
                continue
            if any(status in (None, each.status) and _has(each.body, fields) for each in step.respond):
                yield step.id

    return find


def said(text: str, status: int) -> Sign:
    """An answer that is this text, to whoever asks what he may not."""

    def find(scenario: Scenario) -> Iterator[str]:
        if any(each.refused.text == text and each.refused.status == status for each in scenario.demands):
            yield ""

    return find


def demanded(header: str, **fields: Any) -> Sign:
    """A header that requests have to have."""

    def find(scenario: Scenario) -> Iterator[str]:
        for demand in scenario.demands:
            if demand.header == header and all(
                _is(getattr(demand, key), each) for key, each in fields.items()
            ):
                yield ""

    return find


def told(channel: str = "", /, **fields: Any) -> Sign:
    """An event with these fields at its top; those that are objects may have others within."""

    def find(scenario: Scenario) -> Iterator[str]:
        for step in _pushes(scenario):
            if channel in ("", step.push) and _has(step.data, fields):
                yield step.id

    return find


def told_without(*fields: str, **given: Any) -> Sign:
    """An event that has some fields, and others not."""

    def find(scenario: Scenario) -> Iterator[str]:
        for step in _pushes(scenario):
            data = step.data if isinstance(step.data, dict) else {}
            if _has(data, given) and not any(field in data for field in fields):
                yield step.id

    return find


def follows(operations: str, **fields: Any) -> Sign:
    """An event with these fields that one of these operations brings, at once or through others."""
    names = set(operations.split())

    def find(scenario: Scenario) -> Iterator[str]:
        steps = {step.id: step for step in (*scenario.session, *scenario.steps)}
        for step in _pushes(scenario):
            if _has(step.data, fields) and names & set(_causes(step, steps)):
                yield step.id

    return find


def in_turn(before: str, after: str) -> Sign:
    """An event by which a chat gets into a state from another, of which an event above has told."""

    def find(scenario: Scenario) -> Iterator[str]:
        was: dict[Any, Any] = {}
        for step in _pushes(scenario):
            chat = step.data.get("chat") if isinstance(step.data, dict) else None
            if not isinstance(chat, dict):
                continue
            if (was.get(chat["id"]), chat["state"]) == (before, after):
                yield step.id
            was[chat["id"]] = chat["state"]

    return find


def before_answer(scenario: Scenario) -> Iterator[str]:
    """An event that comes before the answer to the request that it follows."""
    asks = {step.id: step for step in _requests(scenario) if step.respond}
    for step in _pushes(scenario):
        trigger = parse_trigger(step.after)
        for moment in trigger.moments:
            if moment.step in asks and not moment.response and isinstance(trigger.delay, float):
                answer = parse_trigger(f"start + {asks[moment.step].respond[0].after}").delay
                if isinstance(answer, float) and trigger.delay < answer:
                    yield step.id


def after_answer(scenario: Scenario) -> Iterator[str]:
    """An event that follows from an answer."""
    for step in _pushes(scenario):
        if any(moment.response for moment in parse_trigger(step.after).moments):
            yield step.id


def holds(**fields: Any) -> Sign:
    """An object with these fields, anywhere in an event or an answer."""

    def find(scenario: Scenario) -> Iterator[str]:
        for step in (*scenario.session, *scenario.steps):
            if any(_has(each, fields) for each in _objects(step)):
                yield step.id

    return find


def capability(name: str) -> Sign:
    """What may be done with a chat now."""
    return holds(capabilities=lambda names: isinstance(names, list) and name in names)


def message(kind: str, **fields: Any) -> Sign:
    """A line of what is said in a chat."""
    return holds(type=kind, index=ANY, **{"from": ANY}, **fields)


def setting(**fields: Any) -> Sign:
    """How the profile says things in this scenario."""

    def find(scenario: Scenario) -> Iterator[str]:
        if _has(scenario.profile_settings, fields):
            yield ""

    return find


def struck(fault: str) -> Sign:
    """A fault that the scenario has."""

    def find(scenario: Scenario) -> Iterator[str]:
        if any(each.fault == fault for each in scenario.faults):
            yield ""

    return find


def collected(field: str) -> Sign:
    """An answer that lists what has been told."""

    def find(scenario: Scenario) -> Iterator[str]:
        names = {name for name, each in scenario.variables.items() if each.told and each.told.field == field}
        for step in _requests(scenario):
            if any(f"'${{{name}}}'" in repr(each.body) for each in step.respond for name in names):
                yield step.id

    return find


def either(*signs: Sign) -> Sign:
    """Any of these."""

    def find(scenario: Scenario) -> Iterator[str]:
        for sign in signs:
            yield from sign(scenario)

    return find


def at_first(sign: Sign) -> Sign:
    """In the session, before CometD."""

    def find(scenario: Scenario) -> Iterator[str]:
        session = {step.id for step in scenario.session}
        return (step for step in sign(scenario) if step in session)

    return find


def later(sign: Sign) -> Sign:
    """In the story, once there is CometD."""

    def find(scenario: Scenario) -> Iterator[str]:
        story = {step.id for step in scenario.steps}
        return (step for step in sign(scenario) if step in story)

    return find


def begins(request: str) -> Sign:
    """Nothing is asked before CometD, and then this first."""

    def find(scenario: Scenario) -> Iterator[str]:
        asks = list(_requests(scenario))
        if asks and asks[0] in scenario.steps and asks[0].request == request:
            yield asks[0].id

    return find


def both(first: Sign, second: Sign) -> Sign:
    """Steps that are both."""

    def find(scenario: Scenario) -> Iterator[str]:
        others = set(second(scenario))
        return (step for step in first(scenario) if step in others)

    return find


def ANY(value: Any) -> bool:  # noqa: N802  stands in a call where a value does
    """Whatever it is, if only it is there."""
    return value is not None


def like(pattern: str) -> Callable[[Any], bool]:
    """A string of this form."""
    return lambda value: isinstance(value, str) and re.search(pattern, value) is not None


def _has(value: Any, fields: Mapping[str, Any]) -> bool:
    if not fields:
        return True
    if not isinstance(value, dict):
        return False
    return all(key in value and _is(value[key], wanted) for key, wanted in fields.items())


def _is(value: Any, wanted: Any) -> bool:
    if callable(wanted):
        return bool(wanted(value))
    if isinstance(wanted, dict):
        return _has(value, wanted)
    return type(value) is type(wanted) and bool(value == wanted)


def _causes(step: Step, steps: Mapping[str, Step]) -> Iterator[str]:
    """The operations that an event follows from; who accepts does what whoever invited has brought about."""
    if isinstance(step, RequestStep):
        done = str(step.body.get("operationName")) if isinstance(step.body, dict) else ""
        yield done
        for need in step.needs if done == "Accept" else ():
            yield from _causes(steps[need], steps)
        return
    for moment in parse_trigger(step.after).moments:
        if moment.step in steps:
            yield from _causes(steps[moment.step], steps)


def _requests(scenario: Scenario) -> Iterator[RequestStep]:
    for step in (*scenario.session, *scenario.steps):
        if isinstance(step, RequestStep):
            yield step


def _pushes(scenario: Scenario) -> Iterator[PushStep]:
    for step in (*scenario.session, *scenario.steps):
        if isinstance(step, PushStep):
            yield step


def _objects(step: Step) -> Iterator[dict[str, Any]]:
    """Every object that the server says in a step."""
    left: list[Any] = [step.data] if isinstance(step, PushStep) else [each.body for each in step.respond]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            yield item
            left += item.values()
        elif isinstance(item, list):
            left += item
