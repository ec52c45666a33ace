"""Scenarios played at a pace that is not the recorded one: when everything comes, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.plan.pace import Pace, at_speed, parse_pace, parse_speed
from replay.simulator.options import Options
from replay.testing import Script, scenario

STORY = """
steps:
  - {id: accept, request: GET /accept, respond: {after: 38ms, body: 1}}
  - {id: first, push: /a, after: accept + 41ms, data: first}
  - {id: second, push: /a, after: accept + 10s, data: second}
  - {id: third, push: /a, after: accept + 11s, data: third}
  - {id: last, push: /a, after: third + 200ms, data: last}
"""


def played(
    text: str = STORY, *, user: str = "ann", beside: tuple[str, ...] = (), own: str = "", **options: Any
) -> list[tuple[str, float]]:
    """What happens to `user` who asks once, in order, each with the seconds since it asked.

    Args:
        beside: Others who come first and do the same.
        own: The scenario's own pace.
    """
    lasting = "cometd: {max_interval: 9h}"
    script = Script(scenario(f"pace: '{own}'\n{lasting}\n{text}"), options=Options(**options))
    for each in (*beside, user):
        desktop = script.desktop(each)
        desktop.open_socket()
        desktop.handshake()
        desktop.subscribe("/a")
        desktop.get("/accept")
    script.advance(20_000)
    kinds = {"answer", "event"}
    found = [entry for entry in script.simulator.journal if entry.kind in kinds and entry.agent == user]
    return [(entry.step, round(entry.at, 6)) for entry in found]


def at(pace: str, speed: str = "1") -> Pace:
    return at_speed(parse_pace(pace), parse_speed(speed))


def test_at_a_fixed_pace_what_falls_together_keeps_its_recorded_order() -> None:
    assert played(pace=at("fixed(50ms)")) == [
        ("accept", 0.05),
        ("first", 0.05),
        ("second", 0.05),
        ("third", 0.05),
        ("last", 0.1),
    ]


def test_idle_max_shortens_each_silence_of_a_story() -> None:
    assert played(pace=at("recorded, idle-max(2s)")) == [
        ("accept", 0.038),
        ("first", 0.041),
        ("second", 2.041),
        ("third", 3.041),
        ("last", 3.241),
    ]


def test_what_a_clamp_brings_together_keeps_its_recorded_order() -> None:
    assert [step for step, _ in played(pace=at("recorded, clamp(1s, 2s)"))] == [
        "accept",
        "first",
        "second",
        "third",
        "last",
    ]


def test_drawn_answers_are_drawn_from_answers_and_events_from_events() -> None:
    waits = {step: [] for step in ("accept", "first", "second", "third", "last")}
    for seed in range(20):
        for step, when in played(pace=at("drawn"), seed=seed):
            waits[step].append(when)

    assert set(waits["accept"]) == {0.038}
    assert set(waits["first"]) == {0.041, 10.0, 11.0, 0.2}
    assert set(waits["second"]) == {0.041, 10.0, 11.0, 0.2}


def test_what_a_distribution_of_the_file_saw_is_drawn_like_any_other_delay() -> None:
    seen = STORY.replace("38ms", "'recorded(38ms, 55ms)'")

    assert {dict(played(seen, pace=at("drawn"), seed=seed))["accept"] for seed in range(20)} == {0.038, 0.055}


def test_jitter_may_swap_what_is_close_and_never_an_event_with_its_cause() -> None:
    close = STORY.replace("41ms", "39ms").replace("200ms", "0ms")
    orders = {
        tuple(step for step, _ in played(close, pace=at("jitter(20%)"), seed=seed)) for seed in range(30)
    }

    assert {order[:2] for order in orders} == {("accept", "first"), ("first", "accept")}
    assert all(order.index("third") < order.index("last") for order in orders)


@pytest.mark.parametrize("pace", ["drawn", "uniform(1s, 2s)", "recorded, jitter(20%)"])
def test_the_same_seed_draws_the_same_pace_whoever_else_is_there(pace: str) -> None:
    alone = played(pace=at(pace), seed=5)

    assert played(pace=at(pace), seed=5, beside=("bob", "cid")) == alone
    assert played(pace=at(pace), seed=6) != alone
    assert [when for _, when in played(pace=at(pace), seed=5, user="bob")] != [when for _, when in alone]


def test_what_the_file_draws_is_drawn_alike_at_any_pace() -> None:
    drawing = STORY.replace("accept + 41ms", "'accept + uniform(1s, 2s)'")

    plain, bounded = dict(played(drawing)), dict(played(drawing, pace=at("recorded, clamp(0s, 1h)")))

    assert plain == bounded


def test_a_scenario_is_played_at_the_pace_it_names() -> None:
    assert dict(played(own="fixed(1s)"))["accept"] == 1.0
    assert dict(played(own="fixed(1s)", pace=Pace(4.0)))["accept"] == 0.25


def test_a_pace_that_is_asked_for_goes_before_that_of_the_scenario() -> None:
    assert dict(played(own="fixed(1s)", pace=at("fixed(50ms)")))["accept"] == 0.05
    assert dict(played(own="fixed(1s)", pace=at("recorded")))["accept"] == 0.038


def test_without_waits_a_scenarios_own_pace_says_nothing() -> None:
    assert played(own="drawn, jitter(20%)", pace=Pace(None)) == played(pace=Pace(None))


def test_scenarios_served_together_keep_each_its_own_pace() -> None:
    slow = scenario(f"pace: fixed(2s)\n{STORY}", name="slow")
    quick = scenario(f"pace: fixed(1s)\n{STORY.replace('/accept', '/join')}", name="quick")
    script = Script(slow, quick)
    desktop = script.desktop("ann")
    accept, join = desktop.get("/accept"), desktop.get("/join")
    script.advance(3)

    assert [script.answer(each).at for each in (accept, join)] == [2.0, 1.0]


delays = st.sampled_from(["0s", "5ms", "1s", "90s", "uniform(0s, 2s)", "recorded(1ms, 3s)"])
paces = st.sampled_from(
    [
        "fixed(0s)",
        "drawn",
        "normal(1s, 5s)",
        "recorded, jitter(100%)",
        "recorded, jitter(1h)",
        "drawn, idle-max(1s), clamp(0s, 3s), jitter(2s)",
    ]
)


@settings(max_examples=50)
@given(st.lists(delays, min_size=5, max_size=5), paces, st.integers(0, 1000))
def test_nothing_comes_before_its_cause_at_any_pace(waits: list[str], pace: str, seed: int) -> None:
    answer, a, b, c, d = waits
    text = f"""
steps:
  - {{id: accept, request: GET /accept, respond: {{after: "{answer}", body: 1}}}}
  - {{id: a, push: /a, after: "accept + {a}", data: a}}
  - {{id: b, push: /a, after: "a + {b}", data: b}}
  - {{id: c, push: /a, after: "accept.response + {c}", data: c}}
  - {{id: d, push: /a, after: "b and c + {d}", data: d}}
"""

    found = played(text, pace=at(pace), seed=seed)
    order, when = [step for step, _ in found], dict(found)

    assert all(each >= 0 for each in when.values())
    for cause, effect in (("a", "b"), ("accept", "c"), ("b", "d"), ("c", "d")):
        assert order.index(cause) < order.index(effect)
        assert when[cause] <= when[effect]
