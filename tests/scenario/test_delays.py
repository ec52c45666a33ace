from __future__ import annotations

import re

import pytest

from replay.scenario.delays import Delay, Distribution, format_delay, median, parse_delay, span


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("41ms", 0.041),
        ("uniform(10ms, 50ms)", Distribution("uniform", (0.01, 0.05))),
        ("normal(40ms, 10ms)", Distribution("normal", (0.04, 0.01))),
        ("lognormal(median 40ms, p99 200ms)", Distribution("lognormal", (0.04, 0.2))),
        ("recorded(38ms, 41ms, 55ms)", Distribution("recorded", (0.038, 0.041, 0.055))),
        ("recorded(38ms)", Distribution("recorded", (0.038,))),
    ],
)
def test_a_delay_is_read_and_written_back_the_same(text: str, delay: Delay) -> None:
    assert (parse_delay(text), format_delay(delay)) == (delay, text)


def test_blanks_within_the_brackets_are_as_one_likes() -> None:
    assert parse_delay("uniform( 10ms,50ms )") == parse_delay("uniform(10ms, 50ms)")
    assert parse_delay("lognormal(median  40ms,p99 200ms)") == parse_delay(
        "lognormal(median 40ms, p99 200ms)"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("41", "'41' is no duration; a duration is a number and a unit"),
        ("uniform(10ms)", "'uniform(10ms)' is no distribution; write it as uniform(10ms, 50ms)"),
        ("recorded", "'recorded' is no distribution; write it as recorded(38ms, 41ms, 55ms)"),
        ("recorded()", "'recorded()' is no distribution; write it as recorded(38ms, 41ms, 55ms)"),
        ("recorded(1ms, 2)", "'2' is no duration"),
        ("lognormal(40ms, p99 200ms)", "write it as lognormal(median 40ms, p99 200ms)"),
        ("lognormal(median 0s, p99 1s)", "needs a median above 0s and a p99 that is not below it"),
        ("uniform(50ms, 10ms)", "'uniform(50ms, 10ms)' ends before it begins"),
        ("unifrom(1s, 2s)", "is neither a duration nor a distribution; write uniform(10ms, 50ms)"),
        ("soon", "'soon' is no duration"),
        ("gauss(1s)", "is neither a duration nor a distribution; write uniform(10ms, 50ms), normal("),
    ],
)
def test_what_is_no_delay_is_refused_with_an_example(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_delay(text)


@pytest.mark.parametrize(
    ("text", "middle", "least", "most"),
    [
        ("41ms", 0.041, 0.041, 0.041),
        ("uniform(10ms, 50ms)", 0.03, 0.01, 0.05),
        ("normal(40ms, 10ms)", 0.04, 0.0091, 0.0709),
        ("normal(10ms, 10ms)", 0.01, 0.0, 0.0409),
        ("lognormal(median 40ms, p99 40ms)", 0.04, 0.04, 0.04),
        ("recorded(55ms, 38ms, 41ms)", 0.041, 0.038, 0.055),
    ],
)
def test_a_delay_has_a_median_and_a_span(text: str, middle: float, least: float, most: float) -> None:
    delay = parse_delay(text)

    assert (median(delay), *span(delay)) == pytest.approx((middle, least, most))
