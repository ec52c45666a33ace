"""Whether it is clear whose each step is."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import Problem
from replay.scenario.model import Scenario, roles_of
from replay.scenario.reader import Document
from replay.scenario.walk import placed_steps


def check_roles(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with `agent:` of steps.

    A step that names nobody is the first role's; where one name alone is used, its other steps would be
    taken for somebody else's by every reader.
    """
    roles = roles_of(scenario)
    silent = [step for _, step in placed_steps(scenario) if step.agent is None]
    if len(roles) > 1 or roles == ("",) or not silent:
        return
    path = next(path for path, step in placed_steps(scenario) if step.agent is not None)
    what = f"'{roles[0]}' is the only agent named, so the steps that name none are its own too"
    yield document.problem((*path, "agent"), what, help=f"Name the agent of '{silent[0].id}'.")
