from __future__ import annotations

import pytest

from replay.plan.intervals import Interval, interval
from replay.scenario.model import PushStep


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
