"""The labelled near misses: whom a miss names, what it says differs, and whether its command is accepted."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

import msgspec
import pytest

from replay.testing import BASE_URL
from tests.misses.cases import Case, Stage, cases, outcome, outcomes

FILES = ("cases", "held_out", "late")


@pytest.mark.parametrize("file", FILES)
def test_of_the_labelled_mistakes_19_in_20_name_the_step_that_a_person_means(file: str) -> None:
    wrong = [each.case.name for each in outcomes(file) if not each.is_right]

    assert len(wrong) <= 0.05 * len(cases(file)), wrong


@pytest.mark.parametrize("file", FILES)
def test_of_each_step_that_is_named_rightly_all_that_differs_is_told_with_its_state(file: str) -> None:
    right = [each for each in outcomes(file) if each.is_right]

    assert [each.case.name for each in right if not each.says_what] == []


# Nobody has come as the helper, whose step one of them is.
TO_REPEAT = [
    case
    for file in FILES
    for case in cases(file)
    if case.step != "none" and case.state != "used-up" and case.role != "helping"
]


@pytest.mark.parametrize("case", TO_REPEAT, ids=lambda case: case.name)
def test_the_command_of_a_miss_is_accepted(case: Case) -> None:
    stage = Stage(case)
    said = outcome(case, stage).said
    script = stage.script

    command = shlex.split(said["command"])
    if command[0] == "sleep":
        script.advance(float(command[1].rstrip(";")))
        command = command[2:]
    assert command[:2] == ["curl", "-X"]
    method, url = command[2:4]
    body = command[command.index("--data-raw") + 1] if "--data-raw" in command else ""
    assert url.startswith(BASE_URL)
    exchange = stage.desktops[_user(command)].request(method, url.removeprefix(BASE_URL), body.encode())

    asked = [entry.step for entry in script.simulator.journal if entry.kind == "request"][-1]
    assert (script.simulator.misses.total, script.waits(exchange)) in {(1, False), (1, True)}, str(script)
    closest = said["closest"]
    assert asked == closest["step"] or closest["state"] == "not-reached"


def _user(command: list[str]) -> str:
    return command[command.index("-u") + 1].removesuffix(":")


def test_where_a_step_is_used_up_the_command_offers_another_chat() -> None:
    case = next(each for each in cases("cases") if each.name == "Accept a second time")

    said = outcome(case, Stage(case)).said
    words = shlex.split(said["command"])

    assert (words[:3], urlsplit(words[3]).path) == (["curl", "-X", "POST"], "/__replay/plays")
    asked = msgspec.json.decode(words[words.index("--data-raw") + 1])
    assert asked == {"scenario": "accept-chat", "agent": "ann"}
    assert said["why"] == "offer accept-chat once more: 'accept' was already answered in accept-chat#1"
