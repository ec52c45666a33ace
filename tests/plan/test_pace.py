"""How recorded time becomes replay time."""

from __future__ import annotations

import pytest

from replay.plan.pace import SETTLE, Pace, parse_speed


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
