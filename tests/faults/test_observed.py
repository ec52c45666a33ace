"""Every fault and preset as a real client observes it; of each seam a sample every day."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from replay.registry import FAULTS, PRESETS, resolve
from tests.docs import DOCS
from tests.faults.observed import table
from tests.faults.observed.case import Case, Observation, PresetCase

ALL = [*table.CASES, *table.PRESETS]


@pytest.fixture(scope="module")
def observations(request: pytest.FixtureRequest) -> dict[str, Observation]:
    """What came of the cases that are tested here, all under way at once."""
    here = [item for item in request.session.items if item.path == Path(__file__)]
    cases = [item.callspec.params["case"] for item in here if hasattr(item, "callspec")]
    return asyncio.run(table.observe(cases))


@pytest.mark.live
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[] if case.sample else [pytest.mark.full], id=str(case)) for case in ALL],
)
def test_a_client_observes_what_the_reference_says(
    case: Case | PresetCase, observations: dict[str, Observation]
) -> None:
    observed = observations[str(case)]

    assert observed.said == case.expected
    assert observed.struck


def test_no_fault_and_no_preset_is_without_a_client_that_observes_it() -> None:
    assert {case.fault for case in table.CASES} == set(FAULTS)
    assert {case.preset for case in table.PRESETS} == set(PRESETS)


def test_what_the_reference_quotes_of_a_fault_a_client_has_seen() -> None:
    for name in FAULTS:
        seen = " ".join(case.expected for case in table.CASES if case.fault == name)
        quoted = re.findall(r"`([^`]+)`|(ECONNRESET)", resolve(FAULTS, name).observed)
        assert [text for pair in quoted for text in pair if text and text not in seen] == [], name


def test_the_reference_shows_what_each_client_observed() -> None:
    page = (DOCS / "faults.md").read_text(encoding="utf-8")

    assert [case.expected for case in ALL if case.expected not in page] == []
