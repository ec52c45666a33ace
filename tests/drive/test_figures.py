"""Arrivals, limits and tallies: what is read, and what is made of figures."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.drive.actions import Told
from replay.drive.arrivals import parse_arrivals
from replay.drive.limits import held, parse_limit
from replay.drive.series import MOST, Durations, Series
from replay.drive.tallies import OTHERS, SORTS, Measured, Tallies
from replay.drive.thinking import parse_thinking
from replay.errors import UsageError
from replay.plan.timeline import plan
from replay.testing import scenario

STEPS = ["accept", "chatting"]
DURATIONS = st.lists(st.floats(0.0, 3600.0), min_size=1, max_size=60)


def tallies(*told: Told) -> Tallies:
    found = Tallies(STEPS)
    for each in told:
        found.take(each, each.at)
    return found


def answer(seconds: float, at: float = 0.0) -> Told:
    return Told(kind="answer", at=at, step="accept", seconds=seconds)


def is_broken(text: str, *told: Told) -> bool:
    return held(parse_limit(text, STEPS), tallies(*told), seconds=2.0, lost=0).is_broken


def test_constant_arrivals_are_even_and_poisson_ones_come_at_their_rate() -> None:
    assert list(islice(parse_arrivals("constant(120/m)").times(1), 3)) == [0.5, 1.0, 1.5]
    times = list(islice(parse_arrivals("poisson(3/s)").times(7), 3000))
    assert all(a < b for a, b in pairwise(times))
    assert 900 < times[-1] < 1100
    assert times == list(islice(parse_arrivals("poisson(3/s)").times(7), 3000))
    assert times != list(islice(parse_arrivals("poisson(3/s)").times(8), 3000))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("poison(3/s)", "Did you mean 'poisson'"),
        ("3/s", r"write poisson\(3/s\)"),
        ("poisson(3/d)", "write s, m, h"),
        ("poisson(0/s)", "nobody ever comes"),
        ("constant(999999999/s)", r"more than one process can play; write at most constant\(1000/s\)"),
    ],
)
def test_what_is_no_rate_of_arrivals_says_what_would_be(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_arrivals(text)


def test_people_think_as_recorded_or_as_one_says_and_each_for_themselves() -> None:
    story = plan(scenario("steps: [{id: ask, request: GET /x, think: 'uniform(1s, 3s)'}]"))
    (ask,) = story.story.asks
    as_recorded = parse_thinking("recorded", seed=1, speed=2.0)
    found = {as_recorded(ask, agent, chat) for agent in ("a", "b") for chat in (1, 2)}

    assert len(found) == 4
    assert all(0.5 <= each <= 1.5 for each in found)
    assert parse_thinking("2s", seed=1, speed=2.0)(ask, "a", 1) == 2.0
    assert parse_thinking("none", seed=1, speed=2.0)(ask, "a", 1) == 0.0
    with pytest.raises(ValueError, match="recorded, none, 2s"):
        parse_thinking("long", seed=1, speed=1.0)


def test_a_limit_is_broken_by_its_figure_alone() -> None:
    slow = [answer(0.1), answer(0.3)]

    assert is_broken("accept.p99 > 200ms", *slow)
    assert not is_broken("accept.p50 > 200ms", *slow)
    assert is_broken("accept.p75.5 >= 300ms", *slow)
    assert is_broken("requests.max > 299ms", *slow)
    assert not is_broken("requests.max > 300ms", *slow)
    assert is_broken("requests.count < 3", *slow)
    assert is_broken("throughput < 1.5/s", *slow)
    assert not is_broken("throughput < 1/s", *slow)


def test_errors_are_limited_by_number_and_by_share() -> None:
    one = [answer(0.1), answer(0.1), answer(0.1), Told(kind="error", at=0.0, error="missing", example="")]

    assert is_broken("errors > 0", *one)
    assert is_broken("errors >= 25%", *one)
    assert not is_broken("errors > 25%", *one)


def test_durations_of_which_there_are_none_break_their_limit_since_nothing_was_shown() -> None:
    assert is_broken("accept.p99 > 200ms")
    assert is_broken("events.p99 > 200ms", answer(0.1))
    assert not is_broken("errors > 0")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("acept.p99 > 1s", "no step 'acept'. Did you mean 'accept'"),
        ("accept.p9999 > 1s", "no measure 'p9999' of accept. Did you mean 'p99.9'"),
        ("accept > 1s", "accept needs a measure. Write accept.p99"),
        ("accept.p99 > 1", "'1' is no duration"),
        ("errors > 1s", "'1s' is no number"),
        ("errors.p99 > 1s", "errors has no measures"),
        ("throughput < fast", "'fast' is no rate; write 100/s"),
        ("whatever", "is no limit. Such as: accept.p99 > 200ms"),
        ("accept.p0 > 1s", "no measure 'p0'"),
    ],
)
def test_what_is_no_limit_says_the_nearest_that_is(text: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_limit(text, STEPS)
    assert why in str(raised.value)


@settings(max_examples=30)
@given(DURATIONS)
def test_percentiles_are_those_of_the_durations_to_a_thousandth(durations: list[float]) -> None:
    measured = Measured()
    for each in durations:
        measured.add(each)

    for percent in (50.0, 90.0, 99.0, 100.0):
        # The histogram's own definition of a rank.
        exact = sorted(durations)[max(1, int(len(durations) * percent / 100 + 0.5)) - 1]
        assert measured.at(percent) == pytest.approx(exact, rel=2e-3, abs=2e-6)
    assert (measured.max, measured.min, measured.count) == (max(durations), min(durations), len(durations))


@settings(max_examples=50)
@given(DURATIONS)
def test_classes_of_durations_are_exact_to_their_grain_and_can_be_added_up(durations: list[float]) -> None:
    whole, first, second = Durations(), Durations(), Durations()
    for place, each in enumerate(durations):
        whole.add(each)
        (first if place % 2 else second).add(each)
    first.take(second)

    exact = sorted(durations)[-(-len(durations) // 2) - 1]
    found = whole.at(50.0)
    assert found is not None
    assert found == pytest.approx(exact, rel=0.041, abs=1.1e-5)
    assert [first.at(percent) for percent in (50.0, 99.0)] == [whole.at(percent) for percent in (50.0, 99.0)]


@settings(max_examples=50)
@given(st.lists(st.floats(0.0, 1e5), max_size=60))
def test_however_long_a_run_is_its_intervals_are_few_and_nothing_is_lost(moments: list[float]) -> None:
    series = Series()
    for each in sorted(moments):
        series.at(each).answered += 1

    assert len(series.intervals) <= MOST
    assert sum(each.answered for each in series.intervals) == len(moments)


def test_events_before_their_time_are_no_time_late_and_counted() -> None:
    found = tallies(Told(kind="event", at=0.0, step="chatting", seconds=-0.5))

    chatting = found.events_by_step["chatting"]
    assert (chatting.max, chatting.early, found.events.early) == (0.0, 1, 1)


def test_errors_of_many_sorts_are_counted_as_one_from_some_number_on() -> None:
    many = [Told(kind="error", at=0.0, error=f"sort {at}", example="") for at in range(SORTS + 5)]

    found = tallies(*many).failing

    assert (found[0].error, found[0].count, len(found)) == (OTHERS, 5, SORTS + 1)
