"""Presets: faults by one name that fit any scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.registry import PRESETS, resolve
from replay.scenario.fault_files import faults_from
from replay.scenario.load import load, loads

ROOT = Path(__file__).parents[2]
CONSULT = load(ROOT / "tests" / "data" / "consult.yaml")
ACCEPT = load(ROOT / "scenarios" / "accept-chat.yaml")
SMALL = loads("""
version: 1
name: small
profile: plain
cometd: {transports: [long-polling], extensions: []}
steps:
  - {id: ask, request: GET /one}
  - {id: told, push: /c, after: ask, data: 1}
""")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("scenario", [ACCEPT, CONSULT, SMALL], ids=lambda scenario: scenario.name)
def test_a_preset_fits_any_scenario_as_a_whole(name: str, scenario: object) -> None:
    found = faults_from({"presets": [name]}, [scenario])  # type: ignore[list-item]

    assert found == list(resolve(PRESETS, name).faults)
    assert all(fault.name.startswith(f"{name}-") for fault in found)


def test_presets_do_not_wait_for_a_time_that_a_short_story_never_reaches() -> None:
    assert [
        fault.name
        for name in PRESETS
        for fault in resolve(PRESETS, name).faults
        if fault.from_ or fault.where.step
    ] == []


def test_of_a_preset_only_what_finds_something_to_strike_at_is_applied() -> None:
    pushes_alone = loads("version: 1\nname: a\nsteps:\n  - {id: told, push: /c, data: 1}\n")

    found = faults_from({"presets": ["flaky"]}, [pushes_alone])

    assert [fault.name for fault in found] == ["flaky-polls"]
