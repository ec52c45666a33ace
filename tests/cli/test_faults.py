"""`replay faults`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from replay.cli.faults import faults
from replay.errors import UsageError
from replay.registry import FAULTS, PRESETS


def said(*arguments: str) -> str:
    result = CliRunner().invoke(faults, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_all_faults_and_presets_are_listed_with_what_they_do() -> None:
    lines = [line.split() for line in said().splitlines() if line.startswith("  ")]

    assert sorted(set(FAULTS) | set(PRESETS)) == sorted(
        words[0] for words in lines if words[0] in FAULTS | PRESETS
    )
    assert (
        "  drop                 An event is lost on the way; the story goes on as if it had come." in said()
    )


def test_to_another_program_each_is_a_line_without_padding() -> None:
    lines = said().splitlines()

    assert [line for line in lines if line != line.rstrip()] == []
    assert sum(line.startswith("  ") for line in lines) == len(FAULTS) + len(PRESETS)


def test_of_one_fault_everything_is_said() -> None:
    text = said("duplicate")

    assert "An event comes more than once, the same to the letter." in text
    assert "A client observes: The event as often as said." in text
    assert "It strikes at: events" in text
    assert "times    2       How often it comes. (a whole number from 2 to 1000)" in text
    assert "- name: one-duplicate\n  fault: duplicate\n" in text


def test_of_a_preset_its_faults_are_shown_as_a_file_has_them() -> None:
    assert said("expired-session") == (
        "Each agent's login is void from its third request on, until it logs in again.\n"
        "\n"
        "- name: expired-session-login\n"
        "  fault: login-expired\n"
        "  where: {path: /**}\n"
        "  nth: [3]\n"
    )


def test_a_program_gets_the_same_as_json() -> None:
    everything, one, preset = (json.loads(said("--json", *name)) for name in ([], ["drop"], ["flaky"]))

    assert one in everything["faults"]
    assert {"name": "flaky", "does": preset["does"]} in everything["presets"]
    assert [fault["fault"] for fault in preset["faults"]] == ["status", "reset", "close"]


def test_a_name_there_is_none_of_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"no fault or preset called 'latecny'\. Did you mean 'latency'"
    ) as raised:
        CliRunner().invoke(faults, ["latecny"], catch_exceptions=False)

    assert raised.value.exit_code == 2
