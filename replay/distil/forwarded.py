"""What another server answered to requests that no step is, told as new steps of the scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from replay.distil.bodies import as_json
from replay.distil.notes import Notes
from replay.distil.own import Own
from replay.distil.sightings import Call, origin_of
from replay.distil.steps import Names, name_of_call, request_step
from replay.distil.variables import Variables
from replay.exchange import Exchange
from replay.plan.times import shift_fields
from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.check import METHODS
from replay.scenario.model import RequestStep, Scenario, Variable
from replay.scenario.templates import references
from replay.wire import Setting

ABOUT = "No step was this request: the upstream answered it."

BROKEN = range(500, 600)
"""Statuses by which a server says that it is not well: no answer to be told again."""


_Value = TypeVar("_Value")


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was forwarded, and its answer."""

    exchange: Exchange
    """As the other server has seen it."""
    setting: Setting
    body: Any = msgspec.UNSET
    """What of the request's body is to be compared; unset where any will do."""


def is_told(exchange: Exchange, profile: Profile) -> bool:
    """Whether it can be a step: no page, script or picture, and answered by a server that is well."""
    status = exchange.status or 0
    return (
        exchange.method in METHODS
        and 200 <= status < BROKEN.start
        and not Own(profile, Notes()).is_page(exchange)
    )


def compared(sent: bytes, cleaned: bytes, profile: Profile) -> Any:
    """What of a body is to be compared: the fields that cleaning has left as they were.

    What a client makes up in fields that the profile names stays too, as it becomes a variable.
    """
    before, after = as_json(sent, Notes()), as_json(cleaned, Notes())
    if msgspec.UNSET in (before, after):
        return msgspec.UNSET
    return _alike(before, after, "", profile)


def _alike(before: Any, after: Any, field: str, profile: Profile) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        found = {key: _alike(before[key], after[key], key, profile) for key in before if key in after}
        kept = {key: value for key, value in found.items() if value is not msgspec.UNSET}
        return kept if kept or not before else msgspec.UNSET
    if type(before) is type(after) and before == after:
        return after
    return after if field in profile.client_fields else msgspec.UNSET


def tell(scenario: Scenario, heard: Sequence[Heard]) -> tuple[Scenario, int]:
    """A scenario with what was heard as steps at its end, and how many they are.

    Of the same request the first answer is told. What is a step by now is left out.
    """
    profile: Profile = resolve(PROFILES, scenario.profile)
    variables = Variables(profile, frozenset(origin_of(each.exchange) for each in heard))
    for each in heard:
        ids, counters = each.setting.names, each.setting.counters
        variables.know(_standing(ids, scenario), _standing(counters, scenario))
    variables.found |= scenario.variables
    times = frozenset(scenario.shift_times)
    calls = sorted((_call(each, times) for each in heard), key=lambda call: call.exchange.number)
    variables.learn((), calls)
    known = [step for step in (*scenario.session, *scenario.steps) if isinstance(step, RequestStep)]
    names = Names(step.id for step in (*scenario.session, *scenario.steps))
    told = {_key(step) for step in known}
    steps = []
    for call in calls:
        step = request_step("", [call], variables, Notes())
        step.agent = call.agent or None
        if _key(step) in told:
            continue
        told.add(_key(step))
        step.id = names.take(name_of_call(call, profile, variables.ids))
        step.about, step.evidence = ABOUT, "observed"
        steps.append(step)
    used = set(_names_in(steps))
    new: dict[str, Variable] = {
        name: variable
        for name, variable in variables.found.items()
        if name in scenario.variables or name in used
    }
    return msgspec.structs.replace(scenario, variables=new, steps=[*scenario.steps, *steps]), len(steps)


def added(scenario: Scenario, told: Scenario) -> Scenario:
    """A scenario with what `tell` has made of it, or of what it was before, and it lacks by now."""
    known = [step for step in (*scenario.session, *scenario.steps) if isinstance(step, RequestStep)]
    keys = {_key(step) for step in known}
    names = Names(step.id for step in (*scenario.session, *scenario.steps))
    new = [
        msgspec.structs.replace(step, id=names.take(step.id))
        for step in told.steps
        if isinstance(step, RequestStep) and step.about == ABOUT and _key(step) not in keys
    ]
    variables = {
        name: told.variables[name]
        for name in dict.fromkeys(_names_in(new))
        if name in told.variables and name not in scenario.variables
    }
    return msgspec.structs.replace(
        scenario, variables=scenario.variables | variables, steps=[*scenario.steps, *new]
    )


def _standing(names: Mapping[_Value, str], scenario: Scenario) -> dict[_Value, str]:
    """Names that the scenario still has: it may have changed since."""
    return {value: name for value, name in names.items() if name in scenario.variables}


def _call(heard: Heard, times: frozenset[str]) -> Call:
    exchange, setting = heard.exchange, heard.setting
    answer = as_json(exchange.response_body or b"", Notes())
    if setting.shift and answer is not msgspec.UNSET:
        # The scenario's times are those of its recording.
        answer = shift_fields(answer, times, -setting.shift)
    return Call(
        exchange=exchange,
        body=heard.body,
        answer=answer,
        status=exchange.status or 0,
        answered_at=exchange.ended or exchange.sent,
        agent=setting.role,
    )


def _key(step: RequestStep) -> tuple[str, str, str]:
    body = (
        "" if step.body is msgspec.UNSET else msgspec.json.encode(step.body, order="deterministic").decode()
    )
    return step.agent or "", step.request, body


def _names_in(steps: Iterable[RequestStep]) -> Iterable[str]:
    for step in steps:
        yield from references(step.request)
        for value in (
            step.body,
            *(part for each in step.respond for part in (each.body, each.text, each.headers)),
        ):
            yield from (name.partition(".")[2] or name for name in references(value))
