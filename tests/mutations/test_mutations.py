"""`verify` before npm's cometd server with something wrong in it: it says what, and nothing besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.scenario.load import load
from replay.verify.diff import diff
from tests.mutations.cases import PACE, SCENARIO, Case, case, cases, outcome, verify
from tests.road.software import agent, backend, recorder

pytestmark = pytest.mark.live

SAMPLE = {
    "answer-field-renamed",
    "event-number-as-string",
    "event-participants-reordered",
    "event-doubled",
    "event-swapped-dependent",
    "event-swapped-independent",
}
UNMUTATED = "nothing"
TALKING = ("--login", "--ready", "--get-me", "--busy", "--think", "0", "--expect", "9")


def weighed() -> list[object]:
    """All cases; those that are no sample are for `make prove`."""
    marks = {each.name: [] if each.name in SAMPLE else [pytest.mark.full] for each in cases()}
    return [pytest.param(each, id=each.name, marks=marks[each.name]) for each in cases()]


@pytest.mark.parametrize("case", weighed())
def test_what_is_wrong_with_a_server_is_said_by_step_and_field_and_nothing_besides(case: Case) -> None:
    found = outcome(case)

    assert found.is_right, f"exit {found.code}, said {found.lines}, expected {case.says}\n{found.output}"


def test_there_are_more_than_twenty_mutations_that_matter() -> None:
    assert len({each.mutation for each in cases() if each.says}) > 20


def silent(times: int) -> None:
    with backend("cometd", *PACE) as url:
        said = [verify(case(UNMUTATED), url) for _ in range(times)]

    assert [(each.code, each.lines) for each in said] == [(0, [])] * times, said[-1].output


def test_of_a_server_with_nothing_wrong_nothing_is_said() -> None:
    silent(2)


@pytest.mark.full
def test_of_a_server_with_nothing_wrong_nothing_is_said_fifty_times_in_a_row() -> None:
    silent(50)


@pytest.mark.full
def test_the_scenario_is_what_a_recording_of_the_server_tells_but_for_what_it_cannot_know(
    tmp_path: Path,
) -> None:
    told = tmp_path / "desk.yaml"
    with backend("cometd", *PACE) as url, recorder(url, tmp_path / "desk.mitm", told) as proxy:
        agent(proxy, flags=TALKING)

    report = diff(load(SCENARIO), load(told))

    # Which request an event follows, and when, is not for a single run on a busy machine to say.
    others = [each for each in report.differences if each.kind not in {"setting", "trigger", "delay"}]
    # The history is of 2014 whenever it is told, and what is said afterwards of the hour in which it is said.
    others = [each for each in others if not each.field.endswith(".timestamp")]
    assert (others, report.matched) == ([], 17)
