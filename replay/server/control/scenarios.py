"""`scenarios`: what is played, step by step."""

from __future__ import annotations

from replay.plan.outline import what_of, when_of
from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.model import PushStep, Scenario, Step, roles_of
from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import ScenarioRead, Scenarios, StepRead


async def _scenarios(call: Call) -> Scenarios:
    files = call.terms.files
    return Scenarios(
        scenarios=[
            _read(scenario, str(files.get(scenario.name, ""))) for scenario in call.stage.simulator.scenarios
        ]
    )


def _read(scenario: Scenario, file: str) -> ScenarioRead:
    profile: Profile = resolve(PROFILES, scenario.profile)
    roles = [role for role in roles_of(scenario) if role]
    return ScenarioRead(
        name=scenario.name,
        about=scenario.about,
        roles=roles,
        steps=[_step(step, profile, roles) for step in (*scenario.session, *scenario.steps)],
        file=file,
        offered=scenario.offered,
    )


def _step(step: Step, profile: Profile, roles: list[str]) -> StepRead:
    channel = step.push if isinstance(step, PushStep) else ""
    return StepRead(
        id=step.id,
        kind="push" if channel else "request",
        what=what_of(step, profile),
        after=when_of(step),
        channel=channel,
        agent=step.agent or (roles[0] if roles else ""),
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="scenarios",
        handler=_scenarios,
        about="What is played: each scenario with its steps.",
        answer=Scenarios,
    ),
)
