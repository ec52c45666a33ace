"""What every file of the library has to say of itself."""

from __future__ import annotations

import pytest

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
