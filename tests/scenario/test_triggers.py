from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.scenario.delays import Distribution
from replay.scenario.triggers import Moment, Trigger, format_trigger, parse_trigger

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,6}", fullmatch=True)
moments = st.builds(Moment, names.filter(lambda name: name != "start"), st.booleans()) | st.just(
    Moment("start")
)


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        ("accept", Trigger((Moment("accept"),))),
        ("accept + 41ms", Trigger((Moment("accept"),), 0.041)),
        ("accept.response + 5ms", Trigger((Moment("accept", response=True),), 0.005)),
        ("start and ready + 1.2s", Trigger((Moment("start"), Moment("ready")), 1.2)),
        (
            "a + uniform(10ms, 50ms)",
            Trigger((Moment("a"),), Distribution("uniform", (0.01, 0.05))),
        ),
        ("and and android", Trigger((Moment("and"), Moment("android")))),
    ],
)
def test_a_trigger_is_read_and_written_back_the_same(text: str, trigger: Trigger) -> None:
    assert (parse_trigger(text), format_trigger(trigger)) == (trigger, text)


def test_spaces_around_the_plus_may_be_left_out() -> None:
    assert parse_trigger("accept+41ms") == parse_trigger("accept + 41ms")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' is no trigger; a trigger is steps and a delay: accept + 41ms"),
        ("41ms", "'41ms' is no trigger"),
        ("accept or reject", "'accept or reject' is no trigger"),
        ("accept.answer", "'accept.answer' is no trigger"),
        ("accept and", "'accept and' is no trigger"),
        ("accept\n", "'accept\n' is no trigger"),
        ("accept + ", "'' is no duration"),
        ("accept + 1s + 2s", "'1s + 2s' is no duration"),
        ("accept - 1s", "'accept - 1s' is no trigger"),
        ("start.response", "'start' has no response; write start"),
        ("accept and accept", "'accept and accept' names the same moment twice"),
        ("accept + recorded", "'recorded' is no distribution; write it as recorded(38ms, 41ms, 55ms)"),
    ],
)
def test_what_is_no_trigger_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_trigger(text)


@given(st.lists(moments, min_size=1, max_size=4, unique=True), st.integers(0, 10**7))
def test_every_trigger_survives_writing_and_reading(found: list[Moment], tenths: int) -> None:
    trigger = Trigger(tuple(found), tenths / 10_000)

    again = parse_trigger(format_trigger(trigger))

    assert (again.moments, again.delay) == (trigger.moments, pytest.approx(tenths / 10_000, abs=1e-9))
