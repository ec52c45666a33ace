"""`--setting` of `serve`, `verify` and `drive`: how a server says things, whoever plays which part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import replay
from replay.cli.drive import drive
from replay.cli.serve import serve
from replay.cli.verify import verify
from replay.server.simulated import Simulated

LIBRARY = Path(__file__).parents[2] / "scenarios"
ACCEPT = LIBRARY / "accept-chat.yaml"
COMMANDS = [serve, verify, drive]


@pytest.fixture(autouse=True)
def _collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands set it up for a process of their own, which this is not."""
    monkeypatch.setattr("replay.cli.drive.settle", lambda: None)


def serving(file: Path, **settings: Any) -> Simulated:
    return Simulated(replay.serve(file, settings=settings, speed="max"))


def played(command: click.Command, file: Path, target: str, *options: str) -> Result:
    return CliRunner().invoke(command, [str(file), "--target", target, "--patience", "5s", *options])


@pytest.mark.live
@pytest.mark.parametrize("version", ["8.5.0", "8.5.1", "8.5.2", "8.6.0"])
def test_a_server_of_any_version_is_verified_by_a_scenario_that_names_none(version: str) -> None:
    with serving(ACCEPT, version=version) as simulator:
        result = played(verify, ACCEPT, simulator.url, "--setting", f"version={version}")

    assert result.stdout == f"PASS: {simulator.url} plays accept-chat as accept-chat says, 8 steps\n"


@pytest.mark.live
def test_what_a_server_does_not_say_as_the_setting_has_it_is_a_difference(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    with serving(ACCEPT, in_focus="SetInFocus") as simulator:
        result = played(verify, ACCEPT, simulator.url, "--setting", "in_focus=InFocus", "--json", str(out))

    assert result.exit_code == 1
    said = {(each["step"], each["a"], each["b"]) for each in json.loads(out.read_text())["differences"]}
    assert said == {("chatting", "InFocus", "SetInFocus"), ("participants", "InFocus", "SetInFocus")}


@pytest.mark.live
def test_agents_ask_what_the_setting_calls_an_operation() -> None:
    file = LIBRARY / "chat" / "in-focus.yaml"
    with serving(file, in_focus="InFocus") as simulator:
        missed = json.loads(played(drive, file, simulator.url, "--json", "-").stdout)
        simulator.reset()
        asked = json.loads(
            played(drive, file, simulator.url, "--json", "-", "--setting", "in_focus=InFocus").stdout
        )

    assert missed["errors"]
    assert not asked["errors"]
    assert (missed["chats"]["count"], asked["chats"]["count"]) == (0, 1)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("in_focu=InFocus", "--setting: the profile 'genesys' has no setting 'in_focu'"),
        ("version=9", "--setting: 'version' must be one of '8.5.0', '8.5.1', '8.5.2', '8.6.0', not '9'"),
        ("version", "'version' is not NAME=VALUE"),
    ],
)
def test_each_command_refuses_it_in_the_same_words(command: click.Command, setting: str, said: str) -> None:
    target = [] if command is serve else ["--target", "http://127.0.0.1:9"]

    result = CliRunner().invoke(command, [str(ACCEPT), *target, "--setting", setting])

    assert said in f"{result.output}{result.exception}"
    assert getattr(result.exception, "exit_code", result.exit_code) == 2
