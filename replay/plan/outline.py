"""A scenario in a line a step: when, which way, what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.durations import parse_duration
from replay.scenario.expectations import words
from replay.scenario.model import Demand, Fault, PushStep, RequestStep, Respond, Scenario, Step, roles_of


def outline(scenario: Scenario) -> Iterator[str]:
    """The lines, without colour."""
    profile: Profile = resolve(PROFILES, scenario.profile)
    roles = roles_of(scenario)
    yield f"{scenario.name}: {scenario.about}" if scenario.about else scenario.name
    if len(roles) > 1:
        yield f"agents: {', '.join(roles)}"
    if scenario.pace:
        yield f"pace: {scenario.pace}"
    if scenario.profile_settings:
        settings = (f"{name} {_plain(value)}" for name, value in scenario.profile_settings.items())
        yield f"profile settings: {', '.join(settings)}"
    if scenario.offered == "on-request":
        yield "offered on request"
    if scenario.again:
        yield f"again: {' or '.join(scenario.again)}"
    for demand in scenario.demands:
        yield f"demanded: {_demand(demand)}"
    if scenario.ignore:
        yield f"not compared: {', '.join(scenario.ignore)}"
    for title, steps in (("session", scenario.session), ("steps", scenario.steps)):
        if steps:
            yield from ("", title, *_table(steps, roles, profile))
    if scenario.faults:
        yield from ("", "faults", *(f"  {fault.name}: {_fault(fault)}" for fault in scenario.faults))
    if scenario.expect:
        yield from ("", "expected", *(f"  {words(wanted)}" for wanted in scenario.expect))


def what_of(step: Step, profile: Profile) -> str:
    """What is asked, or where what is pushed."""
    if isinstance(step, PushStep):
        return f"{step.push} {profile.push_name(step.push, step.data)}".rstrip()
    return f"{step.request}{_operation(step, profile)}"


def when_of(step: Step) -> str:
    """What sets a step off, and how much later."""
    ended = f", until {' or '.join(step.until)}" if step.until else ""
    if isinstance(step, RequestStep):
        return f"when asked{ended}"
    waited = parse_duration(step.window)
    return (f"{step.after}, or up to {step.window} before" if waited else step.after) + ended


def _table(steps: list[Step], roles: tuple[str, ...], profile: Profile) -> Iterator[str]:
    when = max(len(when_of(step)) for step in steps)
    who = max(map(len, roles)) if len(roles) > 1 else 0
    name = max(len(step.id) for step in steps)
    for step in steps:
        what, note = _what(step, profile)
        whose = f"{step.agent or roles[0]:<{who}}  " if who else ""
        line = f"  {when_of(step):<{when}}  {whose}{step.id:<{name}}  {what}"
        yield f"{line}   # {note}" if note else line


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _demand(demand: Demand) -> str:
    """What requests have to come with, in a line."""
    whose = f" of {', '.join(demand.methods)}" if demand.methods else ""
    unless = ", unless the session's cookie comes" if demand.unless_cookie else ""
    return f"{demand.header}{whose}{unless}"


def _fault(fault: Fault) -> str:
    """What goes wrong, where and how often, in a line."""
    fields = msgspec.to_builtins(fault)
    where = ", ".join(f"{key} {value}" for key, value in fields.get("where", {}).items())
    settings = ", ".join(f"{key} {value}" for key, value in fault.settings.items())
    times = ", ".join(
        f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in fields.items()
        if key not in {"name", "fault", "where", "settings"}
    )
    what = f"{fault.fault} ({settings})" if settings else fault.fault
    what += f" at {where}" if where else ""
    return f"{what}; {times}" if times else what


def _what(step: Step, profile: Profile) -> tuple[str, str]:
    if isinstance(step, PushStep):
        evidence = [step.evidence] if step.evidence == "synthetic" else []
        reasons = [reason for reason in (*evidence, step.because) if reason]
        return f"⇐ {what_of(step, profile)}", "; ".join(reasons)
    answers = ", then ".join(_answer(respond) for respond in step.respond or [Respond()])
    return f"→ {what_of(step, profile)}  ← {answers}", ""


def _answer(respond: Respond) -> str:
    return f"{respond.status} after {respond.after}"


def _operation(step: RequestStep, profile: Profile) -> str:
    body: Any = step.body
    operation = body.get(profile.operation_field) if isinstance(body, dict) else None
    return f" {operation}" if isinstance(operation, str) else ""
