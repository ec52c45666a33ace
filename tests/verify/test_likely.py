from __future__ import annotations

from typing import Any

from replay.plan.timeline import plan
from replay.scenario.model import PushStep, Scenario
from replay.verify.likely import Likely
from replay.verify.role import Role

MANY = 2_000


def says(number: int) -> dict[str, Any]:
    return {"messageType": "Text", "from": {"type": "Customer"}, "text": f"text {number}", "index": number}


def long_story(channel: str = "/a") -> Scenario:
    steps = [PushStep(id=f"s{number}", push=channel, data=says(number)) for number in range(MANY)]
    return Scenario(version=1, name="long", steps=[*steps])


def test_an_event_of_a_long_story_is_held_against_few_steps_and_they_are_the_right_ones() -> None:
    cues = plan(long_story()).story.cues
    likely = Likely(cues)
    done = {cue.id for cue in cues[:1000]}
    for cue in cues[:1000]:
        likely.came(cue)

    for number in (999, 1000, 1001, 5, 1999):
        found = [cue.id for cue in likely.steps("/a", says(number), done)]
        assert f"s{number}" in found
        assert len(found) < 80
    assert likely.steps("/b", says(1000), done) == []


def test_events_of_a_long_story_are_recognised_in_whatever_order_and_with_whatever_is_new_in_them() -> None:
    role = Role(plan(long_story()), "http://there")
    numbers = [*range(0, MANY, 2), *range(MANY - 1, 0, -2)]

    found = [role.event("/a", {**says(number), "new": 1}) for number in numbers]

    assert [each.step for each in found] == [f"s{number}" for number in numbers]
    assert {each.differences[0].field for each in found} == {"data.new"}
    assert role.done
    assert role.event("/a", says(MANY - 1)).again == f"s{MANY - 1}"
