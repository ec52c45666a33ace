"""Locust drives a simulator: what both count is the same, and users go on when something fails."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from replay.journal import Kept, read
from tests.drive.servers import nobody
from tests.load.swarm import simulator, started, swarm
from tests.server.test_counts import counted, noted

STORY = """
version: 1
name: story
cometd: {path: /cometd, timeout: 2s, max_interval: 1h}
session:
  - {id: me, request: GET /me, respond: {after: 2ms, body: {name: x}}}
steps:
  - {id: came, push: /a, after: start + 20ms, data: {kind: came, chat: "${chat}"}}
  - {id: go, request: "POST /go/${chat}", body: {text: hello}, respond: {after: 10ms, body: gone}}
  - {id: gone, push: /a, after: go + 30ms, data: {kind: gone, chat: "${chat}"}}
  - {id: look, request: "GET /look/${chat}", respond: {after: 5ms, body: seen}}
  - {id: left, push: /b, after: look + 20ms, data: {kind: left, chat: "${chat}"}}
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
"""
HTTP = ("GET", "POST")


def journal(folder: Path) -> Kept:
    """What the simulator wrote."""
    return read((folder / "run.jsonl").read_bytes(), "run.jsonl")


def scenario(folder: Path) -> list[str]:
    """The argument that says what is played."""
    return ["--replay-scenario", str(folder / "story.yaml")]


@pytest.mark.live
@pytest.mark.parametrize("users", [8, pytest.param(500, marks=pytest.mark.full)])
def test_the_statistics_of_a_master_and_two_workers_are_what_the_simulator_counts(
    users: int, tmp_path: Path
) -> None:
    busy = "[{name: busy, fault: status, where: {step: look}, nth: [1], settings: {status: 503}}]"
    with simulator(tmp_path, STORY, faults=busy) as (url, process):
        flags = [*scenario(tmp_path), "--replay-plays", "1", "--replay-user", "user{n}"]
        told = swarm(url, users, tmp_path, *flags, workers=2)
        metrics = httpx.get(f"{url}/__replay/metrics").text
        assert process.stop() == 0
    kept = journal(tmp_path)

    answers = noted(kept, "answer", "step", "status")
    assert counted(metrics, "requests_total", "step", "status") == answers
    again = Counter({step: count for (step,), count in noted(kept, "retry", "step").items()})
    for (step, _), count in answers.items():
        again[step] += count
    assert told.counts(*HTTP) == again
    assert told.failures == {("GET", "look", "status 503"): answers["look", "503"]}
    assert answers["look", "503"] == users
    assert told.counts("event") == {step: count for (step,), count in noted(kept, "event", "step").items()}
    assert sum(told.counts("event").values()) == sum(counted(metrics, "events_total", "channel").values())
    assert told.counts("event") == dict.fromkeys(("came", "gone", "left"), users)
    assert told.rows["chat", "story"]["num_requests"] == users
    assert told.rows["CometD", "session"]["num_requests"] == users
    assert told.code == 1
    processes = list(tmp_path.glob("modules-*.txt"))
    imported = {name for file in processes for name in file.read_text(encoding="utf-8").split()}
    assert len(processes) == 3
    assert "replay.drive.part" in imported
    assert not {name for name in imported if name.split(".")[0] in {"asyncio", "aiohttp", "httpx", "uvloop"}}
    names = {str(entry.agent) for entry in kept.entries if entry.kind == "agent"}
    assert names == {f"user{n}" for n in range(1, users + 1)}


@pytest.mark.live
def test_users_whom_the_server_forgets_shake_hands_anew_and_play_on(tmp_path: Path) -> None:
    forgets = "[{name: forgets, fault: unknown-client, where: {step: go}}]"
    with simulator(tmp_path, STORY, faults=forgets) as (url, process):
        told = swarm(url, 4, tmp_path, *scenario(tmp_path), "--replay-plays", "1")
        assert process.stop() == 0
    kept = journal(tmp_path)

    assert told.failures == {("CometD", "session", "begun again"): 4}
    assert told.counts("event") == dict.fromkeys(("came", "gone", "left"), 4)
    assert told.counts("chat") == {"story": 4}
    assert sum(entry.kind == "handshake" for entry in kept.entries) == 8


@pytest.mark.live
def test_users_who_are_stopped_say_goodbye_and_leave_no_poll_behind(tmp_path: Path) -> None:
    lasting = STORY.replace("look + 20ms", "look + 1h")
    with simulator(tmp_path, lasting) as (url, process):
        flags = ["--headless", "--host", url, "-u", "6", "-r", "100", *scenario(tmp_path)]
        run = started(tmp_path, *flags)
        run.word("first:look")
        assert run.stop(signal.SIGTERM) == 0
        metrics = httpx.get(f"{url}/__replay/metrics").text
        assert process.stop() == 0
    kinds = Counter(entry.kind for entry in journal(tmp_path).entries)

    assert kinds["disconnect"] == kinds["handshake"] > 0
    assert counted(metrics, "clients", "transport") == {}
    assert counted(metrics, "held_polls") == {}
    assert "Traceback" not in run.output


@pytest.mark.live
def test_what_is_wrong_is_said_before_a_user_comes(tmp_path: Path) -> None:
    run = started(tmp_path, "--headless", "--host", nobody(), "-u", "1", *scenario(tmp_path))
    assert run.wait() == 2
    assert "locust: " in run.output
    assert "story.yaml" in run.output
    assert "Traceback" not in run.output


def test_without_the_extra_it_says_which_command_installs_it() -> None:
    program = "import sys; sys.modules['locust'] = None; from replay.drive.locust import ScenarioUser"
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: driving with Locust needs locust, which is not installed: "
        'pip install "gws-replay[load]"'
    )
