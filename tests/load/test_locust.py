"""Locust drives a simulator: what both count is the same, and users go on when something fails."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from replay.entries import Kept, read
from tests.drive.servers import nobody
from tests.load.swarm import failures_in, simulator, started, swarm
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
FAULTS = """
- {name: busy, fault: status, where: {step: look}, nth: [1], settings: {status: 503}}
- {name: forgets, fault: unknown-client, where: {step: go}}
"""


def journal(folder: Path) -> Kept:
    """What the simulator wrote."""
    return read((folder / "run.jsonl").read_bytes(), "run.jsonl")


def scenario(folder: Path) -> list[str]:
    """The argument that says what is played."""
    return ["--replay-scenario", str(folder / "story.yaml")]


@pytest.mark.live
@pytest.mark.parametrize(("users", "chats"), [(8, 2), pytest.param(500, 1, marks=pytest.mark.full)])
def test_a_master_and_two_workers_count_what_the_simulator_counts_also_where_it_fails_and_forgets(
    users: int, chats: int, tmp_path: Path
) -> None:
    with simulator(tmp_path, STORY, faults=FAULTS) as (url, process):
        flags = [*scenario(tmp_path), "--replay-plays", str(chats), "--replay-chats", "2"]
        flags += ["--replay-user", "user{n}"]
        told = swarm(url, users, tmp_path, *flags, workers=2)
        metrics = httpx.get(f"{url}/__replay/metrics").text
        assert process.stop() == 0
    kept = journal(tmp_path)
    kinds = Counter(entry.kind for entry in kept.entries)

    answers = noted(kept, "answer", "step", "status")
    assert counted(metrics, "requests_total", "step", "status") == answers
    asked = Counter({step: count for (step,), count in noted(kept, "retry", "step").items()})
    for (step, _), count in answers.items():
        asked[step] += count
    assert told.counts("GET", "POST") == asked
    assert told.counts("event") == {step: count for (step,), count in noted(kept, "event", "step").items()}
    assert told.counts("event") == dict.fromkeys(("came", "gone", "left"), users * chats)
    assert sum(counted(metrics, "events_total", "channel").values()) == kinds["event"]
    assert told.counts("chat") == {"story": users * chats}

    assert told.code == 1
    assert told.failures == {
        ("GET", "look", "status 503"): answers["look", "503"],
        ("CometD", "session", "begun again"): kinds["handshake"] - users,
    }
    assert answers["look", "503"] == users
    assert kinds["handshake"] - users == users * chats
    assert told.counts("CometD") == {"session": kinds["handshake"]}

    names = {str(entry.agent) for entry in kept.entries if entry.kind == "agent"}
    assert names == {f"user{n}" for n in range(1, users + 1)}
    assert len(told.imported) == 3
    for modules in told.imported:
        assert "replay.drive.part" in modules
        assert not modules & {"asyncio", "aiohttp", "httpx", "uvloop"}


@pytest.mark.live
@pytest.mark.full
def test_users_whose_server_is_killed_come_to_another_shake_hands_anew_and_play_on(tmp_path: Path) -> None:
    lasting = STORY.replace("go + 30ms", "go + 2s")
    flags = ["-u", "4", "-r", "100", *scenario(tmp_path), "--replay-plays", "2", "--replay-patience", "4s"]
    with simulator(tmp_path, lasting) as (url, process):
        run = started(tmp_path, "--headless", "--host", url, *flags)
        run.word("go:4")
        process.stop(signal.SIGKILL)
        # The clientIds of another seed are others, as those of another server are.
        with simulator(tmp_path, lasting, "--port", url.rpartition(":")[2], "--seed", "1"):
            assert run.wait() == 1
    failures = failures_in(tmp_path)
    kinds = Counter(entry.kind for entry in journal(tmp_path).entries)

    assert failures.pop(("CometD", "session", "begun again")) == 4
    assert sum(count for (_, name, _), count in failures.items() if name == "session") >= 4
    assert failures["CometD", "session", "the WebSocket was closed with 1006"] == 2
    assert "Traceback" not in run.output
    # At the other server: those who came back, and each once more for its second story.
    assert kinds["handshake"] == kinds["disconnect"] == 8
    left = {
        entry.agent for entry in journal(tmp_path).entries if (entry.kind, entry.step) == ("event", "left")
    }
    assert left == {f"agent{n}-2" for n in range(1, 5)}


@pytest.mark.live
def test_users_who_are_stopped_say_goodbye_and_leave_no_poll_behind(tmp_path: Path) -> None:
    lasting = STORY.replace("look + 20ms", "look + 1h")
    with simulator(tmp_path, lasting) as (url, process):
        flags = ["--headless", "--host", url, "-u", "6", "-r", "100", *scenario(tmp_path)]
        run = started(tmp_path, *flags)
        run.word("look:6")
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
