from __future__ import annotations

import pytest

from replay.plan.intervals import Interval, interval
from replay.scenario.model import PushStep
from replay.testing import scenario
from replay.verify.punctual import punctuality
from replay.verify.role import Seen

STORY = """
steps:
  - {id: offer, push: /a, after: start + 1s, data: 1}
  - {id: ask, request: GET /ask, repeat: last, respond: {after: 40ms}}
  - {id: told, push: /a, after: ask + 100ms, window: 60ms, data: 2}
  - {id: then, push: /a, after: "ask.response and told + uniform(10ms, 20ms)", data: 3}
"""


def seen(*rows: tuple[float, str, str]) -> list[Seen]:
    return [Seen(at=at, kind=kind, step=step, what="") for at, kind, step in rows]


def off(*rows: tuple[float, str, str]) -> list[tuple[str, float]]:
    return [(each.step, round(each.off, 6)) for each in punctuality(scenario(STORY), seen(*rows))]


def test_an_event_may_come_at_any_time_in_its_window_and_at_any_that_its_distribution_gives() -> None:
    for late in (0.04, 0.07, 0.1):
        for later in (0.01, 0.013, 0.02):
            assert off(
                (1.0, "event", "offer"),
                (2.0, "request", "ask"),
                (2.03, "answer", "ask"),
                (2.0 + late, "event", "told"),
                (2.0 + late + later, "event", "then"),
            ) == [("offer", 0), ("told", 0), ("then", 0)]


def test_what_comes_earlier_or_later_is_told_by_how_much() -> None:
    assert off(
        (0.9, "event", "offer"), (2.0, "request", "ask"), (2.03, "answer", "ask"), (2.03, "event", "told")
    ) == [("offer", -0.1), ("told", -0.01)]
    assert off(
        (1.0, "event", "offer"),
        (2.0, "request", "ask"),
        (2.05, "event", "told"),
        (2.5, "answer", "ask"),
        (2.55, "event", "then"),
    ) == [("offer", 0), ("told", 0), ("then", 0.03)]


def test_each_occurrence_counts_from_its_own_cause_and_what_has_none_is_left_out() -> None:
    assert off(
        (2.0, "request", "ask"),
        (2.1, "event", "told"),
        (3.0, "request", "ask"),
        (3.2, "event", "told"),
        (3.3, "event", "told"),
        (4.0, "event", ""),
    ) == [("told", 0), ("told", 0.1)]


@pytest.mark.parametrize(
    ("after", "window", "expected"),
    [
        ("a + 41ms", "0s", Interval(0.041, 0.041, 0.041)),
        ("a + 41ms", "30ms", Interval(0.011, 0.041, 0.041)),
        ("a + 41ms", "1s", Interval(0.0, 0.041, 0.041)),
        ("a + recorded(20ms, 60ms, 30ms)", "5ms", Interval(0.015, 0.06, 0.03)),
    ],
)
def test_an_interval_ends_when_the_event_is_played(after: str, window: str, expected: Interval) -> None:
    found = interval(PushStep(id="b", push="/x", after=after, window=window, data=1))

    assert (found.earliest, found.latest, found.played) == pytest.approx(
        (expected.earliest, expected.latest, expected.played)
    )
