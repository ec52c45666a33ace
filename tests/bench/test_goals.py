"""Figures of runs become a row: who is compared, how, and whether a goal is met."""

from __future__ import annotations

from bench.goals import Goal, Row

MORE = Goal("polling", "events", "/s", "× at least", 1.5, 4)
LESS = Goal("latency", "p50", "ms", "× at most", 1, 1 / 3)
OWN = Goal("memory", "an idle agent", "KB", "at most", 25, 10)


def test_the_better_rival_is_the_one_with_the_better_median() -> None:
    rivals: dict[str, list[float | None]] = {"one": [1, 1, 100], "two": [10, 10, 10]}

    assert Row(MORE, [30, 30, 30], rivals).beside == "two"
    assert Row(LESS, [30, 30, 30], rivals).beside == "one"


def test_a_ratio_is_the_median_of_those_of_single_runs() -> None:
    row = Row(MORE, [10, 40, 90], {"other": [10, 20, 30]})

    assert row.ratio == 2


def test_a_run_that_broke_counts_for_nobody() -> None:
    row = Row(MORE, [10, None, 40], {"other": [10, 1, None]})

    assert row.ratio == 1


def test_a_goal_is_missed_met_or_stretched() -> None:
    assert [Row(MORE, [ours], {"other": [10]}).met for ours in (14, 15, 40)] == ["no", "must", "stretch"]
    assert [Row(LESS, [ours], {"other": [9]}).met for ours in (10, 9, 3)] == ["no", "must", "stretch"]
    assert [Row(OWN, [ours], {"other": [1]}).met for ours in (26, 25, 10)] == ["no", "must", "stretch"]


def test_nothing_is_claimed_of_what_was_not_measured() -> None:
    assert Row(MORE, [10], {}).met == "not measured"
    assert Row(MORE, [None], {"other": [10]}).met == "not measured"


def test_what_a_processor_does_is_compared_by_what_each_costs() -> None:
    row = Row(MORE, [10], {"other": [10]}, [0.001], {"other": [0.003]})

    assert row.by_processor == 3
