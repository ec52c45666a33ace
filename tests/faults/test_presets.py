"""Presets: faults by one name that fit any scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.registry import PRESETS, resolve
from replay.scenario.fault_files import faults_from
from replay.scenario.load import load, loads
from replay.scenario.model import Scenario
from replay.simulator.options import Options
from replay.testing import Script, scenario

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
@pytest.mark.parametrize("served", [ACCEPT, CONSULT, SMALL], ids=lambda served: served.name)
def test_a_preset_fits_any_scenario_as_a_whole(name: str, served: Scenario) -> None:
    found = faults_from({"presets": [name]}, [served])

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


BUSY = """
cometd: {path: /cometd, timeout: 1s}
steps:
  - {id: look, request: GET /api/v2/me, respond: {after: 1ms, body: me}}
  - {id: tick, push: /chats, after: look, data: 1}
"""


@pytest.mark.parametrize("name", PRESETS)
def test_every_fault_of_a_preset_strikes_an_agent_who_is_busy_for_some_seconds(name: str) -> None:
    story = scenario(BUSY)
    faults = faults_from({"presets": [name]}, [story])
    script = Script(story, options=Options(faults=tuple(faults)))
    desktop = script.desktop("ann")
    for turn in range(60):
        if turn % 3 == 0:
            desktop.handshake()
            desktop.subscribe("/chats")
        desktop.connect(advice={"timeout": 0})
        desktop.get("/api/v2/me")
        script.advance(0.1)

    struck = {entry.detail["rule"] for entry in script.simulator.journal if entry.kind == "fault"}
    assert struck == {fault.name for fault in faults}
