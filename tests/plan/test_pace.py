"""How recorded time becomes replay time."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.errors import UsageError
from replay.plan.beside import Beside
from replay.plan.pace import SETTLE, Pace, at_speed, parse_pace, parse_speed
from replay.plan.paces.basis import Wait
from replay.scenario.delays import Delay, Distribution
from replay.simulator.draws import chance
from tests.chances import interval


def wait(seconds: float, turn: int = 0, *, alike: tuple[Delay, ...] = (), beside: Any = ()) -> Wait:
    """One delay of a file, as occurrence `turn` of a step."""
    source = chance(1, "ann", "story", 1, "step", turn)
    return Wait(written=seconds, alike=alike, beside=Beside(beside), chance=source)


def paced(text: str, *seconds: float, speed: str = "1", **among: Any) -> list[float]:
    """How long these delays become."""
    pace = at_speed(parse_pace(text), parse_speed(speed))
    return [round(pace.paced(wait(each, turn, **among)), 9) for turn, each in enumerate(seconds)]


@pytest.mark.parametrize(
    ("text", "speed"), [("1", 1.0), ("2", 2.0), ("0.5", 0.5), ("1e3", 1000.0), ("max", None)]
)
def test_a_speed_is_a_number_or_max(text: str, speed: float | None) -> None:
    assert parse_speed(text) == Pace(speed)


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "nan", "inf", "1e9", "MAX", "2x"])
def test_what_is_no_speed_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="speed is a number above 0"):
        parse_speed(text)


def test_delays_are_divided_by_the_speed_and_dropped_without_one() -> None:
    assert Pace().after(10.0, 3.0) == 13.0
    assert Pace(2.0).after(10.0, 3.0, follows_answer=True) == 11.5
    assert Pace(None).after(10.0, 3.0) == 10.0
    assert Pace(None).after(10.0, 3.0, follows_answer=True) == 10.0 + SETTLE


def test_the_recorded_pace_takes_delays_as_they_are_written() -> None:
    assert paced("recorded", 0.0, 0.041, 7.5) == [0.0, 0.041, 7.5]


def test_a_fixed_pace_makes_all_delays_the_same() -> None:
    assert paced("fixed(50ms)", 0.0, 0.041, 7.5) == [0.05, 0.05, 0.05]


def test_a_drawn_pace_takes_any_delay_of_the_kind_each_as_often_as_it_stands_there() -> None:
    found = paced("drawn", *[9.0] * 4_000, alike=(0.01, 0.02, 0.02, Distribution("uniform", (0.5, 0.6))))
    twice_lowest, twice_highest = interval(4_000, 0.5)

    assert {each for each in found if each < 0.5} == {0.01, 0.02}
    assert all(each <= 0.6 for each in found)
    assert twice_lowest <= found.count(0.02) <= twice_highest


def test_a_drawn_pace_leaves_a_delay_alone_that_is_the_only_one() -> None:
    assert paced("drawn", 0.3) == [0.3]


@pytest.mark.parametrize(
    ("text", "quantiles"),
    [
        ("uniform(10ms, 50ms)", {0.02: 0.25, 0.03: 0.5}),
        ("normal(40ms, 10ms)", {0.04: 0.5, 0.05: 0.841344746}),
        ("lognormal(median 80ms, p99 400ms)", {0.08: 0.5, 0.4: 0.99}),
    ],
)
def test_ten_thousand_draws_have_the_quantiles_of_their_distribution(
    text: str, quantiles: dict[float, float]
) -> None:
    found = sorted(paced(text, *[1.0] * 10_000))

    for value, quantile in quantiles.items():
        lowest, highest = interval(10_000, quantile)
        assert found[lowest - 1] <= value <= found[highest]


def test_other_draws_would_be_found_to_have_another_median_and_p99() -> None:
    found = sorted(paced("lognormal(median 84ms, p99 440ms)", *[1.0] * 10_000))

    assert found[interval(10_000, 0.5)[0] - 1] > 0.08
    assert found[interval(10_000, 0.99)[0] - 1] > 0.4


def test_each_gap_longer_than_idle_max_is_shortened_by_itself() -> None:
    beside = [0.5, 10.0, 11.0, 40.0]

    assert paced("recorded, idle-max(2s)", *beside, beside=beside) == [0.5, 2.5, 3.5, 5.5]
    assert paced("drawn, idle-max(2s)", 40.0, alike=(9.0,), beside=[8.0]) == [2.0]


def test_idle_max_leaves_what_is_short_enough_to_the_last_digit() -> None:
    beside = [0.1, 0.3, 0.7]
    pace = parse_pace("idle-max(2s)")

    assert [pace.paced(wait(each, beside=beside)) for each in beside] == beside


def test_idle_max_counts_recorded_seconds_and_clamp_and_jitter_played_ones() -> None:
    assert paced("recorded, idle-max(2s)", 60.0, speed="4") == [0.5]
    assert paced("recorded, clamp(1s, 2s)", 60.0, 3.0, 6.0, speed="4") == [2.0, 1.0, 1.5]
    moved = paced("fixed(4s), jitter(100ms)", *[1.0] * 500, speed="4")
    assert (0.9 <= min(moved) < 0.901, 1.099 < max(moved) <= 1.1) == (True, True)


@pytest.mark.parametrize("text", ["fixed(1s)", "drawn", "uniform(1s, 3s)", "recorded, idle-max(2s)"])
def test_twice_the_speed_halves_what_comes_about(text: str) -> None:
    among = {"alike": (1.0, 2.0, 3.0)}

    slow, fast = paced(text, 3.0, 5.0, **among), paced(text, 3.0, 5.0, speed="2", **among)

    assert fast == pytest.approx([each / 2 for each in slow])


def test_jitter_moves_a_delay_by_up_to_its_share_either_way() -> None:
    moved = paced("recorded, jitter(20%)", *[10.0] * 500)

    assert (8.0 <= min(moved) < 8.1, 11.9 < max(moved) <= 12.0) == (True, True)
    assert paced("recorded, jitter(20%)", *[10.0] * 500) == moved


def test_jitter_takes_no_delay_below_zero() -> None:
    assert min(paced("recorded, jitter(50ms)", *[0.01] * 100)) == 0.0


def test_modifiers_work_in_their_own_order_however_they_are_written() -> None:
    assert parse_pace("clamp(5ms, 2s), jitter(20%), idle-max(1s)") == parse_pace(
        "recorded, idle-max(1s), jitter(20%), clamp(5ms, 2s)"
    )


seconds = st.floats(0.0, 1e6)
bases = st.sampled_from(
    ["recorded", "fixed(50ms)", "drawn", "uniform(0s, 1h)", "normal(1ms, 1s)", "lognormal(median 1s, p99 1h)"]
)
modifiers = st.lists(
    st.sampled_from(["idle-max(2s)", "jitter(100%)", "jitter(10s)", "clamp(5ms, 2s)"]),
    unique_by=lambda text: text.partition("(")[0],
)


@given(bases, modifiers, st.floats(0.001, 1000.0), seconds, st.lists(seconds), st.integers())
def test_a_paced_delay_is_never_negative_and_lies_within_the_clamp(
    basis: str, changes: list[str], speed: float, written: float, others: list[float], turn: int
) -> None:
    pace = at_speed(parse_pace(", ".join([basis, *changes])), Pace(speed))

    found = pace.paced(wait(written, turn, alike=tuple(others), beside=[written, *others]))

    assert found >= 0.0
    assert 0.005 <= found <= 2.0 or "clamp(5ms, 2s)" not in changes


@given(st.lists(seconds, min_size=1), st.floats(0.001, 10.0))
def test_idle_max_keeps_order_and_leaves_no_longer_gap(delays: list[float], longest: float) -> None:
    delays = sorted(delays)
    beside = Beside(delays)

    found = [0.0, *(beside.shortened(each, longest) for each in delays)]

    assert found == sorted(found)
    assert all(after - before <= longest + 1e-6 for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fixd(50ms)", "unknown pace 'fixd'; did you mean 'fixed'? Write it as fixed(50ms)"),
        ("recorded, jiter(20%)", "unknown pace 'jiter'; did you mean 'jitter'? Write it as jitter(20%)"),
        ("50ms", "unknown pace '50ms'; write one of recorded, fixed(50ms), drawn, uniform(10ms, 50ms), "),
        ("fixed", "'fixed' is no pace: 'fixed' takes 'time'; write it as fixed(50ms)"),
        ("clamp(1s)", "'clamp(1s)' is no pace: 'clamp' takes 'lowest' and 'highest'; write it as clamp(5ms"),
        ("recorded(1s)", "'recorded(1s)' is no pace: 'recorded' takes no settings; write it as recorded"),
        ("fixed(50)", "'fixed(50)': '50' is no duration; a duration is a number and a unit: 250ms, 1.2s"),
        ("jitter(200%)", "'jitter(200%)': '200%' is more than all of a delay; write it as jitter(20%)"),
        ("jitter(x%)", "'jitter(x%)': 'x%' is no share; write it as jitter(20%)"),
        ("clamp(2s, 5ms)", "'clamp(2s, 5ms)': ends before it begins: the shorter duration stands first; wri"),
        ("uniform(50ms, 10ms)", "'uniform(50ms, 10ms)' ends before it begins; write the shorter duration"),
        ("lognormal(80ms, 1s)", "'lognormal(80ms, 1s)' is no distribution; write it as lognormal(median "),
        ("recorded, drawn", "'drawn' stands too late in 'recorded, drawn': how delays come about is said on"),
        ("jitter(1%), jitter(2%)", "'jitter' stands twice in 'jitter(1%), jitter(2%)'; write it once: jitte"),
        ("recorded, idle-max(2s", "'recorded, idle-max(2s' is no pace: it is a list with commas, such as r"),
        ("", "'' is no pace: it is a list with commas, such as recorded, idle-max(2s), jitter(20%)"),
    ],
)
def test_what_is_no_pace_is_refused_in_a_sentence_that_shows_a_right_one(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}.*$"):
        parse_pace(text)


@pytest.mark.parametrize("text", ["fixed(50ms)", "recorded, jitter(20%)", "idle-max(2s)", "drawn"])
def test_without_waits_no_pace_but_the_recorded_one_may_be_asked_for(text: str) -> None:
    with pytest.raises(UsageError, match="'--speed max' drops all waits, so a pace that says how lo"):
        at_speed(parse_pace(text), Pace(None))

    assert at_speed(parse_pace("recorded"), Pace(None)).speed is None


def test_a_pace_that_says_only_its_speed_leaves_delays_to_another() -> None:
    own = parse_pace("fixed(1s), jitter(10%)")

    assert Pace(2.0).or_as(own) == at_speed(own, Pace(2.0))
    assert parse_pace("recorded").or_as(own) == parse_pace("recorded")
