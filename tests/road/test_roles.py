"""A story of several agents, recorded from our server, is told with its roles and plays as itself again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from replay.drive.playing import play_together
from replay.plan.timeline import plan
from replay.scenario.dump import write
from replay.scenario.load import load
from replay.scenario.model import Scenario, roles_of

from .fixpoint import compared, told
from .software import ROOT, recorder, replayer

pytestmark = [pytest.mark.live, pytest.mark.full]

PATIENT = 0.5
"""Seconds that delays may be apart: a machine that runs tests may stall."""


def told_again(scenario: Scenario, folder: Path, *, over: str) -> Scenario:
    """The scenario of a recording in which every role of a scenario was played."""
    file, recording = folder / f"{scenario.name}.yaml", folder / "again.mitm"
    write(file, scenario)
    timeline = plan(scenario)
    with replayer(file) as upstream, recorder(upstream, recording, None, redact=True) as proxy:
        transports = dict.fromkeys(timeline.roles[1:], over)
        outcomes = asyncio.run(play_together(timeline, proxy, transports=transports))
    assert [(outcome.missing, outcome.why) for outcome in outcomes.values()] == [((), "")] * len(
        timeline.roles
    )
    (story,) = told(recording)
    recording.unlink()
    return story


@pytest.mark.parametrize("over", ["long-polling", "websocket"])
def test_what_two_agents_do_together_is_told_the_same_after_it_was_played(over: str, tmp_path: Path) -> None:
    first = told_again(load(ROOT / "tests" / "data" / "consult.yaml"), tmp_path, over=over)
    second = told_again(first, tmp_path, over=over)

    assert len(roles_of(first)) == 2
    assert [step.agent for step in first.steps] == [step.agent for step in second.steps]
    assert compared(first, second, seconds=PATIENT).differences == ()
