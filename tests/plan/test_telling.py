"""Whether an agent listens is asked of each channel once, however many events come on it."""

from __future__ import annotations

from replay.plan.timeline import plan
from replay.testing import scenario


def test_of_many_events_on_one_channel_the_first_stands_for_all() -> None:
    many = ", ".join(f"{{id: p{n}, push: /{'ab'[n % 2]}, data: {n}}}" for n in range(500))
    story = plan(scenario(f"steps: [{many}]")).story

    assert [[cue.id for cue in cues] for cues in story.telling] == [["p0", "p1"]]
    assert len(story.cues) == 500


def test_each_role_has_the_channels_on_which_it_is_told_something() -> None:
    text = """
    steps:
      - {id: ask, agent: one, request: POST /x}
      - {id: told, agent: two, push: /b, after: ask, data: 1}
      - {id: also, agent: two, push: /b, after: ask, data: 2}
      - {id: own, agent: one, push: /a, after: ask, data: 3}
    """
    story = plan(scenario(text)).story

    assert [[cue.id for cue in cues] for cues in story.telling] == [["own"], ["told"]]
