from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.scenario.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("41ms", 0.041),
        ("0.5ms", 0.0005),
        ("1.2s", 1.2),
        ("0s", 0.0),
        ("30s", 30.0),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("1000000000.5s", 1_000_000_000.5),
    ],
)
def test_a_duration_is_read_as_seconds_and_written_back_the_same(text: str, seconds: float) -> None:
    assert (parse_duration(text), format_duration(seconds)) == (seconds, text)


@pytest.mark.parametrize(
    "text", ["", "41", "ms", "1.2 s", "-1s", "+1s", "1e3s", ".5s", "1.s", "1S", "1s\n", "٣s", "1" * 400 + "s"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    sentence = re.escape("is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m")
    with pytest.raises(ValueError, match=sentence):
        parse_duration(text)


@pytest.mark.parametrize("seconds", [-0.001, float("inf"), float("nan")])
def test_no_duration_is_written_for_a_negative_or_endless_time(seconds: float) -> None:
    with pytest.raises(ValueError, match="never negative or endless"):
        format_duration(seconds)


@given(st.integers(0, 10**9))
def test_every_tenth_of_a_millisecond_survives_writing_and_reading(tenths: int) -> None:
    seconds = tenths / 10_000

    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9)
