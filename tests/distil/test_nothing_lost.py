"""Into however many stories a recording falls: what was recorded is in one of them, and all can be played."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.plan.timeline import plan_all
from replay.scenario.model import PushStep, Scenario

from .recorded import stories
from .strategies import AGENTS, Said, recordings
from .strategies import stories as said

TRANSPORTS = ["long-polling", "websocket"]


def tagged(story: list[Said]) -> list[Said]:
    """Each event and each answer with a number of its own."""
    found = []
    for tag, each in enumerate(story):
        if each.event is not None:
            channel, data = each.event
            found.append(msgspec.structs.replace(each, event=(channel, {"tag": tag, "is": data})))
        else:
            method, target, body, answer = each.call
            call = method, target, body, {"tag": tag, "is": answer}
            found.append(msgspec.structs.replace(each, call=call))
    return found


def tags(scenario: Scenario) -> set[Any]:
    """The numbers of what it tells."""
    told = [
        said["tag"]
        for step in (*scenario.session, *scenario.steps)
        for said in ([step.data] if isinstance(step, PushStep) else [each.body for each in step.respond])
        if isinstance(said, dict)
    ]
    return set(told)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    said(agents=len(AGENTS)),
    st.lists(st.sampled_from(TRANSPORTS), min_size=3, max_size=3),
    st.sets(st.integers(0, 8)),
)
def test_all_that_was_recorded_is_in_some_story(
    story: list[Said], transports: list[str], batched: set[int]
) -> None:
    story = tagged(story)
    told = stories(*(recordings(story, agent, transports[agent], batched) for agent in range(len(AGENTS))))

    busy = {each.agent for each in story if each.event is not None}
    wanted = {tag for tag, each in enumerate(story) if each.agent in busy or not busy}
    assert set[Any]().union(*map(tags, told)) == wanted
    assert len(plan_all(told)) == len(told)
