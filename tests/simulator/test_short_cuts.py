"""What is done for every request and every event has short cuts: they lead where the long ways do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay.bayeux.cookies import pairs_in
from replay.plan.timeline import Timeline, plan
from replay.simulator import matching
from replay.simulator.agents import Agents
from replay.simulator.at_first import AtFirst
from replay.simulator.happenings import Mark
from replay.simulator.plays import Play
from replay.testing import scenario

ASKED = """
cometd: {path: /cometd, timeout: 30s}
variables:
  chat: {recorded: c1}
  name: {recorded: Ann}
  count: {recorded: 3}
steps:
  - id: accept
    request: POST /chats/${chat}
    body: {do: Accept, name: "${name}", again: "${name}", count: "${count}", chat: "${chat}", deep: {a: 1}}
    match: %s
    repeat: cycle
  - id: end
    request: POST /chats/${chat}
    body: {do: End, name: "${name}"}
    match: %s
  - id: leave
    request: POST /leave
    body: {do: Leave}
"""
WHOLE: list[dict[str, Any]] = [
    {"do": "Accept", "name": "Ann", "again": "Ann", "count": 3, "chat": "c1", "deep": {"a": 1}},
    {"do": "End", "name": "Ann"},
    {"do": "Leave"},
]
CHANGES: dict[str, Any] = {
    "do": st.sampled_from(["End", 1, None]),
    "name": st.sampled_from(["Bob", 3]),
    "again": st.just("Bob"),
    "count": st.sampled_from(["3", 3.0, True]),
    "chat": st.just("c2"),
    "deep": st.sampled_from([{"a": 2}, 1]),
    "more": st.just(0),
}
bodies = st.builds(
    lambda whole, changed, left_out: {k: v for k, v in (whole | changed).items() if k != left_out},
    st.sampled_from(WHOLE),
    st.just({})
    | st.sampled_from(sorted(CHANGES)).flatmap(lambda key: st.fixed_dictionaries({key: CHANGES[key]})),
    st.sampled_from(["", "", *WHOLE[0]]),
)
bodies |= st.sampled_from([[], "Accept", msgspec.UNSET])


def play_of(timeline: Timeline, **values: Any) -> Play:
    play = Play(timeline, timeline.story, ordinal=1, key=("ann",))
    play.values.update(values)
    return play


@given(
    exact=st.sampled_from(["subset", "exact"]),
    body=bodies,
    path=st.sampled_from(["/chats/c1", "/chats/c1", "/chats/c2", "/chats/c2/x", "/chats/", "/leave"]),
    method=st.sampled_from(["POST", "POST", "PUT"]),
    bound=st.fixed_dictionaries({}, optional={"chat": st.just("c1"), "name": st.just("Ann")}),
)
@example(
    exact="subset", body=WHOLE[1] | {"name": "Bob"}, path="/chats/c1", method="POST", bound={"name": "Ann"}
)
@example(exact="subset", body=WHOLE[0] | {"again": "Bob"}, path="/chats/c1", method="POST", bound={})
@example(exact="exact", body=WHOLE[1] | {"more": 0}, path="/chats/c1", method="POST", bound={})
def test_a_request_is_an_ask_by_the_short_way_if_it_is_by_the_long_one(
    exact: str, body: Any, path: str, method: str, bound: dict[str, str]
) -> None:
    play = play_of(plan(scenario(ASKED % (exact, exact))), **bound)
    question = matching.Question(
        method=method, path=path, query=(), body=b"", json=body, base_url="http://localhost"
    )
    for ask in play.part.asks:
        shortly = matching.hold_against(question, play, ask, 0)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(matching, "_plainly", lambda *_: None)
            at_length = matching.hold_against(question, play, ask, 0)

        assert shortly.differences == at_length.differences
        if shortly.fits:
            assert shortly.captures == at_length.captures


TOLD = """
cometd: {path: /cometd, timeout: 30s}
pace: %s
steps:
  - {id: send, request: POST /send, repeat: cycle}
  - {id: first, push: /a, after: send + 10ms, data: 1}
  - {id: second, push: /a, after: send.response + 0s, data: 2}
  - {id: third, push: /a, after: first + 1.0000004s, data: 3}
"""


@given(
    times=st.lists(st.floats(0, 1e6), min_size=1, max_size=5),
    pace=st.sampled_from(["recorded", "recorded, idle-max(2s)"]),
    step=st.sampled_from(["send", "first"]),
    seed=st.integers(0, 3),
)
def test_what_a_moment_sets_off_by_the_short_way_it_sets_off_by_the_long_one(
    times: list[float], pace: str, step: str, seed: int
) -> None:
    timeline = plan(scenario(TOLD % pace))
    cues = tuple(msgspec.structs.replace(cue, wait=None) for cue in timeline.story.cues)
    cues_on = {cue.trigger.moments[0]: () for cue in cues} | {
        moment: tuple(each for each in cues if moment in each.trigger.moments)
        for moment in timeline.story.cues_on
    }
    story = msgspec.structs.replace(timeline.story, cues=cues, cues_on=cues_on)
    shortly, at_length = play_of(timeline), play_of(msgspec.structs.replace(timeline, story=story))

    def told(play: Play, at: float) -> list[tuple[str, Mark]]:
        moment = next(cue.trigger.moments[0] for cue in cues if cue.trigger.moments[0].step == step)
        dues = play.happens(moment, Mark(at, at / 3, {"send.x": at}), seed)
        return [(due.cue.id, due.mark) for due in dues]

    for at in times:
        found = told(shortly, at)
        assert found
        assert found == told(at_length, at)
    assert [shortly.times_set_off(cue) for cue in cues] == [at_length.times_set_off(cue) for cue in cues]


headers = st.lists(
    st.sampled_from(["GWS", "BAYEUX_BROWSER", "other", "=", ";", "; ", " ", '"', "a", "\t", "XGWS"]),
    max_size=12,
).map("".join)


@given(header=headers)
def test_cookies_are_read_as_all_pairs_are_and_the_others_left(header: str) -> None:
    agents = Agents({"GWS", "BAYEUX_BROWSER"})
    expected = [value for name, value in pairs_in(header) if name in {"GWS", "BAYEUX_BROWSER"} and value]

    assert agents.cookies_of({"cookie": header}) == expected
    assert agents.cookies_of({"cookie": header}) == expected
    agents.know_cookie_name("other")
    assert [value for value in agents.cookies_of({"cookie": header}) if value not in expected] == [
        value for name, value in pairs_in(header) if name == "other" and value and value not in expected
    ]


class Kept:
    lines = AtFirst[list[int]](list)


def test_what_is_made_when_it_is_asked_for_is_made_once_and_is_each_object_s_own() -> None:
    one, other = Kept(), Kept()
    one.lines.append(1)

    assert (one.lines, other.lines) == ([1], [])
    assert one.lines is one.lines
    other.lines = one.lines
    assert other.lines is one.lines
