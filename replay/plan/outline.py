"""A scenario in a line a step: when, which way, what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.model import PushStep, RequestStep, Respond, Scenario, Step


def outline(scenario: Scenario) -> Iterator[str]:
    """The lines, without colour."""
    profile: Profile = resolve(PROFILES, scenario.profile)
    yield f"{scenario.name}: {scenario.about}" if scenario.about else scenario.name
    for title, steps in (("session", scenario.session), ("steps", scenario.steps)):
        if not steps:
            continue
        yield ""
        yield title
        when = max(len(_when(step)) for step in steps)
        name = max(len(step.id) for step in steps)
        for step in steps:
            what, note = _what(step, profile)
            line = f"  {_when(step):<{when}}  {step.id:<{name}}  {what}"
            yield f"{line}   # {note}" if note else line


def _when(step: Step) -> str:
    return step.after if isinstance(step, PushStep) else "when asked"


def _what(step: Step, profile: Profile) -> tuple[str, str]:
    if isinstance(step, PushStep):
        evidence = [step.evidence] if step.evidence == "synthetic" else []
        reasons = [reason for reason in (*evidence, step.because) if reason]
        return f"⇐ {step.push} {profile.push_name(step.push, step.data)}", "; ".join(reasons)
    answers = ", then ".join(_answer(respond) for respond in step.respond or [Respond()])
    return f"→ {step.request}{_operation(step, profile)}  ← {answers}", ""


def _answer(respond: Respond) -> str:
    return f"{respond.status} after {respond.after}"


def _operation(step: RequestStep, profile: Profile) -> str:
    body: Any = step.body
    operation = body.get(profile.operation_field) if isinstance(body, dict) else None
    return f" {operation}" if isinstance(operation, str) else ""
