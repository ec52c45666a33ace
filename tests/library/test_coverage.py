"""Whatever is known of the API is played by something, or there is a reason why it is not."""

from __future__ import annotations

import re

import pytest

from tests.library.coverage import ROOT, facts, players, scenarios
from tests.library.fact import Fact

FACTS = [pytest.param(fact, id=f"{title.split()[0]} {fact.what}") for title, fact in facts()]
MOST_REASONS = 10
"""As many things as may be played by nothing."""


@pytest.mark.parametrize("fact", FACTS)
def test_a_thing_of_the_api_is_played_by_a_scenario_or_shown_by_a_test_or_there_is_a_reason(
    fact: Fact,
) -> None:
    if fact.because:
        assert (fact.sign, fact.tests) == (None, ())
    elif fact.sign is not None:
        assert players(fact), f"no scenario of the library plays {fact.what}"
    else:
        assert fact.tests, f"nothing plays {fact.what}"


def test_every_test_that_a_thing_is_shown_by_is_there() -> None:
    named = {test for _, fact in facts() for test in fact.tests}

    for test in named:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *(async )?def {name}\(", text, re.MULTILINE), f"there is no {test}"
    assert named


def test_things_that_nothing_plays_are_few() -> None:
    assert sum(bool(fact.because) for _, fact in facts()) <= MOST_REASONS


def test_no_thing_is_said_twice() -> None:
    said = [(title, fact.what) for title, fact in facts() if not fact.what.startswith("…")]

    assert sorted(set(said)) == sorted(said)


def test_a_sign_tells_scenarios_apart() -> None:
    everywhere = {fact.what for _, fact in facts() if len(players(fact)) == len(scenarios())}

    assert everywhere <= {"0: ok"}


def test_every_scenario_of_the_library_plays_something_that_is_known() -> None:
    playing = {name for _, fact in facts() for name in players(fact)}

    assert [name for name in scenarios() if name not in playing] == []
