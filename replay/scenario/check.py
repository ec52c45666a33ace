"""What a well-formed scenario may still have wrong, part by part."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime

from replay import registry
from replay.errors import Problem, nearest
from replay.scenario.anew import FRESH, check_anew, is_anew
from replay.scenario.causes import check_causes
from replay.scenario.delays import parse_delay
from replay.scenario.durations import parse_duration
from replay.scenario.expectations import check_expectations
from replay.scenario.faults import check_faults
from replay.scenario.headers import wrong_name, wrong_value
from replay.scenario.model import Demand, RequestStep, Respond, Scenario, Variable, is_set
from replay.scenario.names import check_names
from replay.scenario.paces import parse_paces
from replay.scenario.profile_settings import check_profile_settings
from replay.scenario.reader import Document, Path
from replay.scenario.roles import check_roles
from replay.scenario.templates import BASE_URL
from replay.scenario.triggers import START
from replay.scenario.walk import placed_steps

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PREFLIGHT = "OPTIONS"
REFUSES = 300
"""The lowest status of an answer that refuses a request, or sends its client elsewhere."""
STATUSES = range(100, 600)
"""Status codes that an answer may have."""
COUNTER = "counter"
"""`make: counter`, which every profile has."""
LOOKALIKE = "lookalike"
"""`make: lookalike`, which makes a string of a string and a number of a number."""

_REQUEST = re.compile(r"(\S+) (\S+)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CHANNEL = re.compile(r"(/[^/\s*]+)+")


def check(scenario: Scenario, document: Document, *, control_apart: bool = False) -> list[Problem]:
    """Everything that keeps a scenario from being played; `document` tells where it stands.

    Args:
        control_apart: Control has a port of its own, which faults of the whole server do not reach.
    """
    return [
        *_head(scenario, document),
        *_variables(scenario, document),
        *_ids(scenario, document),
        *_steps(scenario, document),
        *check_roles(scenario, document),
        *_demands(scenario, document),
        *check_profile_settings(scenario, document),
        *check_faults(scenario, document, control_apart=control_apart),
        *check_expectations(scenario, document),
        *check_causes(scenario, document),
        *check_names(scenario, document),
    ]


def _head(scenario: Scenario, document: Document) -> Iterator[Problem]:
    yield from _known("profile", scenario.profile, registry.PROFILES, ("profile",), document)
    cometd = scenario.cometd
    yield from _known("dialect", cometd.dialect, registry.DIALECTS, ("cometd", "dialect"), document)
    for number, name in enumerate(cometd.transports):
        yield from _known("transport", name, registry.TRANSPORTS, ("cometd", "transports", number), document)
    for number, name in enumerate(cometd.extensions):
        yield from _known("extension", name, registry.EXTENSIONS, ("cometd", "extensions", number), document)
    if not scenario.cometd.path.startswith("/"):
        what = f"the path '{scenario.cometd.path}' does not begin with '/'"
        yield document.problem(("cometd", "path"), what, help="Write it without the host.")
    for name in ("timeout", "interval", "max_interval", "multi_session_interval"):
        yield from _duration(getattr(scenario.cometd, name), ("cometd", name), document)
    if scenario.pace:
        try:
            parse_paces(scenario.pace)
        except ValueError as error:
            yield document.problem(("pace",), str(error))
    for number, name in enumerate(scenario.ignore):
        if not name or "." in name:
            what = f"'{name}' is no name of a field"
            yield document.problem(
                ("ignore", number), what, help="Write the field's own name, without a path."
            )
    recorded = scenario.source.recorded
    if scenario.shift_times and not recorded:
        what = "'shift_times' needs 'source: {recorded: …}', the time that the story's times are moved from"
        yield document.problem(("shift_times",), what, help="Or leave 'shift_times' out.", key=True)
    elif recorded and not _is_time(recorded):
        what = f"'{recorded}' is no time with an offset from UTC"
        advice = 'Write it as "2014-01-02T14:23:20.171-08:00".'
        yield document.problem(("source", "recorded"), what, help=advice)


def _known(kind: str, name: str, table: dict[str, str], path: Path, document: Document) -> Iterator[Problem]:
    if name not in table:
        advice = f"{nearest(name, table)} Known {kind}s: {', '.join(sorted(table))}.".strip()
        yield document.problem(path, f"unknown {kind} '{name}'", help=advice)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _duration(text: str, path: Path, document: Document) -> Iterator[Problem]:
    try:
        parse_duration(text)
    except ValueError as error:
        yield document.problem(path, str(error))


def _variables(scenario: Scenario, document: Document) -> Iterator[Problem]:
    makes = _makes(scenario.profile)
    for name, variable in scenario.variables.items():
        path = ("variables", name)
        if name == BASE_URL:
            what = f"no variable may be called '{BASE_URL}', which is the address the client dialled"
            yield document.problem(path, what, key=True)
        elif not _VARIABLE_NAME.fullmatch(name):
            advice = "Letters, digits, '_' and '-', the first no digit."
            yield document.problem(path, f"'{name}' is no name for a variable", help=advice, key=True)
        if is_anew(variable):
            yield from check_anew(name, variable, scenario, document)
        else:
            yield from _variable(name, variable, makes, document)


def _makes(profile: str) -> list[str]:
    """What `make:` may ask for under a profile; every name is refused where the profile itself is unknown."""
    if profile not in registry.PROFILES:
        return []
    return [*(shape.make for shape in registry.resolve(registry.PROFILES, profile).ids), COUNTER, *FRESH]


def _variable(name: str, variable: Variable, makes: list[str], document: Document) -> Iterator[Problem]:
    path = ("variables", name)
    if variable.make is None:
        if not is_set(variable.recorded):
            what = f"variable '{name}' has neither 'recorded' nor 'make'"
            advice = "Give the value it had, or say how one is made."
            yield document.problem(path, what, help=advice, key=True)
        return
    if makes and variable.make not in makes:
        advice = f"{nearest(variable.make, makes)} Known: {', '.join(sorted(makes))}.".strip()
        yield document.problem((*path, "make"), f"nothing makes a '{variable.make}'", help=advice)
        return
    if not is_set(variable.recorded):
        return
    counts = variable.make == COUNTER
    whole = type(variable.recorded) is int and variable.recorded >= 0
    looks = variable.make == LOOKALIKE and whole
    fits = type(variable.recorded) is int if counts else looks or isinstance(variable.recorded, str)
    if not fits:
        kind = "a whole number" if counts else "a string"
        what = f"'recorded' of variable '{name}' must be {kind}, as 'make: {variable.make}' makes one"
        yield document.problem((*path, "recorded"), what)


def _ids(scenario: Scenario, document: Document) -> Iterator[Problem]:
    seen: dict[str, Path] = {}
    for path, step in placed_steps(scenario):
        place = (*path, "id")
        if step.id in {START, BASE_URL}:
            meaning = "the moment a play begins" if step.id == START else "the address the client dialled"
            yield document.problem(place, f"no step may be called '{step.id}', which is {meaning}")
        elif step.id in seen:
            what = f"two steps are called '{step.id}', the first at {document.spot(seen[step.id])}"
            yield document.problem(place, what)
        else:
            seen[step.id] = place


def _steps(scenario: Scenario, document: Document) -> Iterator[Problem]:
    for path, step in placed_steps(scenario):
        if isinstance(step, RequestStep):
            yield from _request(step, path, document)
            continue
        yield from _duration(step.window, (*path, "window"), document)
        if not _CHANNEL.fullmatch(step.push) or step.push.split("/")[1] == "meta":
            what = f"'{step.push}' is no channel that events can be pushed to"
            advice = "A channel is a path such as /v2/me/chats, without '*' and not below /meta."
            yield document.problem((*path, "push"), what, help=advice)


def _request(step: RequestStep, path: Path, document: Document) -> Iterator[Problem]:
    said = _request_line(step.request)
    if said:
        yield document.problem((*path, "request"), said[0], help=said[1])
    if step.match == "ignore" and is_set(step.body):
        what = f"'match: ignore' ignores the body that step '{step.id}' lists"
        yield document.problem((*path, "match"), what, help="Leave out one of the two.")
    try:
        parse_delay(step.think)
    except ValueError as error:
        yield document.problem((*path, "think"), str(error))
    for at, answer in enumerate(step.respond):
        yield from _answer(answer, (*path, "respond", at), document)


def _request_line(text: str) -> tuple[str, str] | None:
    """What is wrong with `METHOD /path`, and what to do."""
    found = _REQUEST.fullmatch(text)
    if not found:
        advice = "Write a method, one space and a path: POST /api/v2/me."
        return (
            f"'{text}' is no request",
            advice if " /" not in text else f"{advice} A space in a path is %20.",
        )
    method, path = found.groups()
    if method not in METHODS:
        known = f"Known methods: {', '.join(METHODS)}."
        return f"unknown method '{method}'", f"{nearest(method.upper(), METHODS)} {known}".strip()
    if not path.startswith("/"):
        return f"the path '{path}' does not begin with '/'", "Write it without the host."
    if "#" in path:
        return f"the path '{path}' has a fragment, which no client sends", "Leave out '#' and what follows."
    return None


def _demands(scenario: Scenario, document: Document) -> Iterator[Problem]:
    for at, demand in enumerate(scenario.demands):
        yield from _demand(demand, ("demands", at), document)


def _demand(demand: Demand, path: Path, document: Document) -> Iterator[Problem]:
    if what := wrong_name(demand.header):
        yield document.problem((*path, "header"), what)
    if what := wrong_value(demand.header, demand.value):
        yield document.problem((*path, "value"), what)
    for number, method in enumerate(demand.methods):
        place = (*path, "methods", number)
        if method not in METHODS:
            advice = f"{nearest(method.upper(), METHODS)} Known methods: {', '.join(METHODS)}.".strip()
            yield document.problem(place, f"unknown method '{method}'", help=advice)
        elif method == PREFLIGHT:
            what = f"nothing is demanded of {PREFLIGHT}, by which a browser asks what a page may send"
            yield document.problem(place, what, help="Leave it out.")
    if demand.given and not demand.methods:
        what = "'given' goes with answers to other methods, and this is demanded of all"
        advice = "Say of which 'methods' it is demanded: [POST, PUT, DELETE]."
        yield document.problem((*path, "given"), what, help=advice, key=True)
    for name, value in demand.given.items():
        if what := wrong_name(name):
            yield document.problem((*path, "given", name), what, key=True)
        if what := wrong_value(name, value):
            yield document.problem((*path, "given", name), what)
    if demand.refused.status < REFUSES:
        what = f"an answer that refuses has a status from {REFUSES}, not {demand.refused.status}"
        yield document.problem((*path, "refused"), what, help="Write 'status: 403'.")
    yield from _answer(demand.refused, (*path, "refused"), document)


def _answer(answer: Respond, path: Path, document: Document) -> Iterator[Problem]:
    try:
        parse_delay(answer.after)
    except ValueError as error:
        yield document.problem((*path, "after"), str(error))
    bodies = [
        name
        for name, given in (
            ("body", is_set(answer.body)),
            ("text", answer.text is not None),
            ("base64", answer.base64 is not None),
        )
        if given
    ]
    if len(bodies) > 1:
        what = f"an answer has one body, and here are '{bodies[0]}' and '{bodies[1]}'"
        yield document.problem((*path, bodies[1]), what, help="Leave out one of them.", key=True)
    try:
        base64.b64decode(answer.base64 or "", validate=True)
    except (binascii.Error, ValueError):
        yield document.problem((*path, "base64"), "this is not base64")
    for name, value in answer.headers.items():
        place = (*path, "headers", name)
        if what := wrong_name(name):
            yield document.problem(place, what, key=True)
        if what := wrong_value(name, value):
            yield document.problem(place, what)
