"""What every file of the library has to say of itself, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.cli.check import leaks_in_scenario
from replay.library import library, name_of
from tests.library.coverage import scenarios


@pytest.mark.parametrize("name", scenarios())
def test_a_scenario_is_named_after_its_place_and_says_what_it_shows(name: str) -> None:
    scenario = scenarios()[name]

    assert scenario.name == name.replace("/", "-")
    assert scenario.about.endswith(".")


@pytest.mark.parametrize("name", scenarios())
def test_each_step_says_whether_anybody_has_shown_it(name: str) -> None:
    scenario = scenarios()[name]

    assert [step.id for step in (*scenario.session, *scenario.steps) if step.evidence is None] == []


@pytest.mark.parametrize("path", library(), ids=name_of)
def test_nothing_in_it_looks_like_a_secret_or_tells_of_a_person(path: Path) -> None:
    assert list(leaks_in_scenario(path)) == []
