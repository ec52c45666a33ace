"""Delays that are drawn: as they are distributed, and the same for the same seed, whoever comes first."""

from __future__ import annotations

import statistics

import pytest

from replay.plan.pace import Pace, parse_speed
from replay.scenario.delays import Distribution, parse_delay, span
from replay.simulator.draws import delay_of
from replay.simulator.options import Options
from replay.testing import Script, scenario

STORY = """
steps:
  - {id: offer, push: /a, after: "start + uniform(1s, 2s)", data: offer}
  - {id: ask, request: GET /ask, respond: {after: "lognormal(median 40ms, p99 200ms)", body: 1}}
  - {id: told, push: /a, after: "ask + recorded(10ms, 30ms, 300ms)", data: told}
"""


def drawn(text: str, count: int = 4_000) -> list[float]:
    delay = parse_delay(text)
    return sorted(delay_of(delay, 1, "ann", "story", 1, "step", turn) for turn in range(count))


def test_uniform_delays_lie_anywhere_between() -> None:
    found = drawn("uniform(10ms, 50ms)")

    assert (0.01 <= found[0] < 0.0105, 0.0495 < found[-1] <= 0.05) == (True, True)
    assert statistics.median(found) == pytest.approx(0.03, rel=0.02)


def test_normal_delays_have_their_mean_and_deviation_and_none_is_below_zero() -> None:
    found = drawn("normal(40ms, 10ms)")

    assert statistics.mean(found) == pytest.approx(0.04, rel=0.02)
    assert statistics.stdev(found) == pytest.approx(0.01, rel=0.05)
    assert drawn("normal(5ms, 10ms)")[0] == 0.0


def test_lognormal_delays_have_their_median_and_p99() -> None:
    found = drawn("lognormal(median 40ms, p99 200ms)")

    assert statistics.median(found) == pytest.approx(0.04, rel=0.05)
    assert found[int(len(found) * 0.99)] == pytest.approx(0.2, rel=0.1)


def test_recorded_delays_are_those_that_were_seen_each_as_often() -> None:
    found = drawn("recorded(38ms, 41ms, 55ms, 41ms)")

    assert set(found) == {0.038, 0.041, 0.055}
    assert found.count(0.041) / len(found) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("text", ["normal(40ms, 10ms)", "lognormal(median 40ms, p99 200ms)"])
def test_hardly_any_delay_lies_outside_the_span(text: str) -> None:
    lowest, highest = span(parse_delay(text))

    assert sum(not lowest <= each <= highest for each in drawn(text)) < 0.005 * 4_000


def times(*users: str, seed: int = 1, speed: str = "1") -> dict[str, list[tuple[str, float]]]:
    """When each user gets what: all come at the same moment, in this order, and ask at the same moment."""
    script = Script(scenario(STORY), options=Options(seed=seed, pace=parse_speed(speed)))
    desktops = {user: script.desktop(user) for user in users}
    for desktop in desktops.values():
        desktop.open_socket()
        desktop.handshake()
        desktop.subscribe("/a")
    asked = {user: desktop.get("/ask") for user, desktop in desktops.items()}
    script.advance(5)
    return {
        user: sorted(
            [("ask", script.answer(asked[user]).at), *((each.data, each.at) for each in desktop.events)],
            key=lambda found: found[1],
        )
        for user, desktop in desktops.items()
    }


def test_the_same_seed_draws_the_same_for_the_same_agent_whoever_comes_first() -> None:
    one, other = times("ann", "bob", "cid"), times("cid", "bob", "ann")

    assert one == other
    assert len({str(each) for each in one.values()}) == 3
    assert times("ann", seed=2)["ann"] != one["ann"]


def test_twice_the_speed_halves_what_was_drawn() -> None:
    slow, fast = times("ann")["ann"], times("ann", speed="2")["ann"]

    assert [at for _, at in fast] == pytest.approx([at / 2 for _, at in slow], abs=1e-5)


def order(seed: int, speed: str) -> list[str]:
    """Whether the answer or the event goes out first."""
    script = Script(scenario(STORY), options=Options(seed=seed, pace=parse_speed(speed)))
    desktop = script.desktop("ann")
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.get("/ask")
    script.advance(5)
    sent = [(entry.kind, entry.step) for entry in script.simulator.journal]
    return [step for kind, step in sent if kind in {"answer", "event"} and step != "offer"]


def test_without_waits_the_order_of_answer_and_event_is_that_of_the_drawn_delays() -> None:
    orders = [(order(seed, "1"), order(seed, "max")) for seed in range(12)]

    assert [kept for kept, _ in orders] == [dropped for _, dropped in orders]
    assert {tuple(kept) for kept, _ in orders} == {("ask", "told"), ("told", "ask")}


def test_each_occurrence_of_a_step_draws_anew() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    waits = []
    for _ in range(5):
        exchange, began = desktop.get("/ask"), script.now
        script.advance(10)
        waits.append(script.answer(exchange).at - began)

    assert len({round(wait, 6) for wait in waits}) == 5


def test_a_delay_that_is_fixed_is_not_drawn() -> None:
    assert delay_of(0.04, 1, "x") == 0.04
    assert Pace().after(1.0, delay_of(Distribution("recorded", (0.5,)), 1, "x")) == 1.5
