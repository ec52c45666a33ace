"""One long day: many agents live it, `verify` passes, and recorded and told it is what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.scenario.load import load
from replay.scenario.model import PushStep, RequestStep, Scenario
from tests.road.software import replayer

from .day import CHATS, DAY, FAST, SLOW, apart_from_the_file, bare, compared, drive, road, verify

PATIENT = 0.5
"""Seconds that delays may be apart here: a machine that runs tests may stall. `make prove` measures them."""
TIMES = {"trigger", "delay"}


@pytest.fixture(scope="module")
def day() -> Scenario:
    return load(DAY)


def test_a_day_lasts_some_ten_minutes_and_every_step_says_how_it_is_known(day: Scenario) -> None:
    assert 80 <= len(day.session) + len(day.steps) <= 150
    assert [step.id for step in (*day.session, *day.steps) if step.evidence is None] == []
    thinks = [step.id for step in day.steps if isinstance(step, RequestStep) and step.think == "0s"]
    assert thinks == []


def test_what_is_said_happens_in_it(day: Scenario) -> None:
    requests = [step for step in day.steps if isinstance(step, RequestStep)]
    asked = {step.body["operationName"] for step in requests if isinstance(step.body, dict)}
    states = {
        step.data["chat"]["state"]
        for step in day.steps
        if isinstance(step, PushStep) and isinstance(step.data, dict) and "chat" in step.data
    }
    statuses = [each.status for step in requests for each in step.respond]

    assert {"Reject", "Consult", "Transfer", "SetDisposition", "AttachUserData"} <= asked
    assert requests[-1].body == {"operationName": "EndContactCenterSession"}
    assert states == {"Invited", "Chatting", "LeftChat", "Completed", "Revoked"}
    assert statuses.count(403) == 1


@pytest.mark.live
def test_twenty_agents_live_the_day_to_its_end_and_nothing_is_lost_or_strange(
    day: Scenario, tmp_path: Path
) -> None:
    lived(day, 20, "max", tmp_path)


@pytest.mark.live
@pytest.mark.full
def test_two_hundred_agents_live_the_day_at_twenty_times_its_pace(day: Scenario, tmp_path: Path) -> None:
    lived(day, 200, "20", tmp_path, "--ramp", "2s")


def lived(day: Scenario, agents: int, speed: str, folder: Path, *flags: str) -> None:
    pushes = sum(isinstance(step, PushStep) for step in (*day.session, *day.steps))
    requests = len(day.session) + len(day.steps) - pushes
    with replayer(DAY, "--speed", speed) as server:
        figures = drive(server, agents, folder / "figures.json", *flags)

    assert figures["chats"]["count"] == agents
    assert (figures["requests"]["count"], figures["events"]["came"]) == (requests * agents, pushes * agents)
    assert [figures[name] for name in ("errors", "given_up", "strangers", "lost")] == [0, 0, 0, 0]


@pytest.mark.live
def test_one_agent_finds_all_as_the_file_says() -> None:
    with replayer(DAY, "--speed", "max") as server:
        ended = verify(server)

    assert ended.code == 0, ended.said


@pytest.mark.live
def test_recorded_and_told_it_is_a_story_for_each_chat_and_the_same_day_again(tmp_path: Path) -> None:
    # So fast that what follows from what may be told otherwise.
    came = road(tmp_path, FAST, "--order", "any")
    again = [each for pair in zip(came.first, came.second, strict=True) for each in compared(*pair, PATIENT)]

    assert len(came.first) == len(CHATS)
    assert [each for each in apart_from_the_file(came.first, FAST, PATIENT) if each.kind not in TIMES] == []
    assert [each.code for each in came.verified] == [0, 0], came.verified
    assert [each for each in again if each.kind not in TIMES] == []


@pytest.mark.live
@pytest.mark.full
def test_at_the_pace_of_people_they_are_the_same_to_the_byte_but_for_times(tmp_path: Path) -> None:
    came = road(tmp_path, SLOW)

    assert [each.code for each in came.verified] == [0, 0], came.verified
    assert apart_from_the_file(came.first, SLOW, PATIENT) == []
    for one, other in zip(came.first, came.second, strict=True):
        assert compared(one, other, PATIENT) == []
        assert bare(one) == bare(other)
