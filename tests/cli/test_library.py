"""The scenarios that come with the package: named like files, listed, and all of them played at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder

from replay.drive.playing import play
from replay.library import folder
from replay.plan.timeline import plan
from replay.scenario.load import load
from tests.road.software import Process

ROOT = Path(__file__).parents[2]
CHAT = """
version: 1
name: {name}
about: {about}
variables: {{chat: {{recorded: 0000Na9B26EF002X, make: interaction-id}}}}
session:
  - {{id: ready, request: POST /api/v2/me, repeat: cycle, respond: {{body: {{statusCode: 0}}}}}}
steps:
  - {{id: invited, push: /v2/me/chats, after: start, data: {{id: "${{chat}}", of: {name}}}}}
  - {{id: complete, request: "POST /api/v2/me/chats/${{chat}}", respond: {{body: {{statusCode: 0}}}}}}
  - {{id: completed, push: /v2/me/chats, after: complete, data: {{id: "${{chat}}", completed: {name}}}}}
"""
FAULTY = """
faults:
  - {name: late, fault: latency, settings: {delay: 10s}}
expect:
  - {step: complete}
"""
LIBRARY = {
    "desk": CHAT.format(name="desk", about="Chat after chat.") + "again: completed + 10ms\n",
    "chat/accept": CHAT.format(name="chat-accept", about="An agent accepts."),
    "chat/reject": CHAT.format(name="chat-reject", about="An agent rejects."),
    "a-day": CHAT.format(name="a-day", about="A whole day.") + FAULTY,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the package and a library of its own, as a source tree has them."""
    (tmp_path / "replay").symlink_to(ROOT / "replay")
    for name, text in LIBRARY.items():
        path = tmp_path / "scenarios" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "work").mkdir()
    return tmp_path


def command(*arguments: str) -> list[str]:
    # Nothing of the working directory is imported.
    return [sys.executable, "-P", "-m", "replay", *arguments]


def replay(home: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in the folder `work`."""
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        cwd=home / "work",
        env=os.environ | {"PYTHONPATH": str(home)},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def served(home: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """`replay serve` of what a test says, or of the whole library; its URL."""
    given = getattr(request, "param", ())
    started = command("serve", *given, "--port", "0", "--print-url")
    process = Process("env", "-C", str(home / "work"), f"PYTHONPATH={home}", *started)
    yield process.word("http://")
    assert process.stop() == 0, process.output


def test_what_there_is_is_listed_a_line_each_with_what_it_is_about(home: Path) -> None:
    assert replay(home, "serve", "--list") == (
        0,
        "a-day        A whole day.\n"
        "chat/accept  An agent accepts.\n"
        "chat/reject  An agent rejects.\n"
        "desk         Chat after chat.\n",
        "",
    )
    code, _, said = replay(home, "serve", "--list", "desk")
    assert (code, said) == (2, "replay: --list lists what comes with the package: leave out FILE\n")


def test_a_name_is_checked_and_shown_as_a_file_is(home: Path) -> None:
    file = home / "scenarios" / "chat" / "accept.yaml"
    assert replay(home, "check", "chat/accept") == (0, f"{file}: good (4 steps: 2 requests, 2 pushes)\n", "")
    assert replay(home, "show", "chat/accept.yaml") == replay(home, "show", str(file))
    assert replay(home, "diff", "chat/accept.yaml", "chat/accept")[0] == 0
    code, told, _ = replay(home, "diff", "chat/accept", "desk")
    assert (code, "desk" in told) == (1, True)


def test_a_file_of_ones_own_comes_before_the_library(home: Path) -> None:
    own = home / "work" / "chat" / "accept"
    own.parent.mkdir()
    assert replay(home, "show", "chat/accept")[1].startswith("chat-accept")
    own.write_text(CHAT.format(name="mine", about="My own."))
    assert replay(home, "show", "chat/accept")[1].startswith("mine")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "chat/acept"),
        ("show", "chat/acept.yaml"),
        ("serve", "chat/acept"),
        ("verify", "chat/acept", "--target", "http://127.0.0.1:1"),
        ("drive", "chat/acept.yaml", "--target", "http://127.0.0.1:1"),
        ("diff", "chat/acept", "desk"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_name_that_there_is_not_says_the_nearest(home: Path, arguments: tuple[str, ...]) -> None:
    code, _, said = replay(home, *arguments)
    assert code == 2
    assert said.startswith(("chat/acept", "replay: chat/acept"))
    assert "Did you mean 'chat/accept'?" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["../scenarios/desk.txt", "/desk", "chat", "chat/../desk"])
def test_what_is_no_name_is_not_looked_for_in_the_library(home: Path, name: str) -> None:
    code, _, said = replay(home, "check", name)
    assert (code, "cannot be read" in said) == (2, True)


@pytest.mark.live
@pytest.mark.parametrize("served", [("chat/accept",)], indirect=True)
def test_what_is_named_is_offered_at_start_verified_and_driven_by_its_name(home: Path, served: str) -> None:
    code, told, said = replay(home, "verify", "chat/accept", "--target", served)
    assert code == 0, told + said
    code, told, said = replay(home, "drive", "chat/accept", "--target", served, "--agents", "3")
    assert (code, "3 chats" in told) == (0, True), told + said


def plays_of(url: str, agent: str) -> list[str]:
    state: dict[str, Any] = httpx.get(f"{url}/__replay/agents/{agent}").json()
    return sorted(each["play"] for each in state["stories"] if not each["session"])


@pytest.mark.live
def test_without_a_file_the_desk_is_offered_again_and_again_and_all_else_on_request(
    home: Path, served: str
) -> None:
    health = httpx.get(f"{served}/__replay/health").json()
    assert health["playing"] == ["desk", "a-day", "chat-accept", "chat-reject"]
    assert health["on_request"] == ["a-day", "chat-accept", "chat-reject"]
    desk = plan(load(home / "scenarios" / "desk.yaml"))
    outcome = asyncio.run(play(desk, served, user="ann", goes_on=True))
    assert (outcome.missing, outcome.why) == ((), "")
    assert plays_of(served, "ann") == ["desk#1", "desk#2"]
    asked = {"scenario": "chat-reject", "agent": "ann"}
    assert httpx.post(f"{served}/__replay/plays", json=asked).json()["play"] == "chat-reject#1"
    asked = {"scenario": "chat-acept", "agent": "ann"}
    refused = httpx.post(f"{served}/__replay/plays", json=asked).json()["error"]
    assert refused["help"] == "Did you mean 'chat-accept'?"


@pytest.mark.live
def test_what_is_on_request_is_driven_all_the_same(home: Path, served: str) -> None:
    arguments = ("--agents", "3", "--chats-per-agent", "2")
    code, told, said = replay(home, "drive", "chat/accept", "--target", served, *arguments)
    assert (code, "6 chats" in told, "no errors" in told) == (0, True, True), told + said


def test_a_wheel_has_the_whole_library_with_its_folders(home: Path, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py"):
        (home / name).symlink_to(ROOT / name)
    (built,) = WheelBuilder(str(home)).build(directory=str(tmp_path / "wheel"), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        found = {name for name in wheel.namelist() if name.startswith("replay/library/")}
    assert found == {f"replay/library/{name}.yaml" for name in LIBRARY}


def test_each_scenario_is_named_after_its_file() -> None:
    for path in folder().rglob("*.yaml"):
        name = path.relative_to(folder()).with_suffix("").as_posix()
        assert load(path).name == name.replace("/", "-")
