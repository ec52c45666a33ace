"""Locust drives a simulator: what both count is the same, and users go on when something fails."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from replay.journal import Kept, read
from tests.load.swarm import simulator, swarm
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


@pytest.mark.live
@pytest.mark.parametrize("users", [8, pytest.param(500, marks=pytest.mark.full)])
def test_the_statistics_of_a_master_and_two_workers_are_what_the_simulator_counts(
    users: int, tmp_path: Path
) -> None:
    busy = "[{name: busy, fault: status, where: {step: look}, nth: [1], settings: {status: 503}}]"
    with simulator(tmp_path, STORY, faults=busy) as (url, process):
        flags = ["--replay-scenario", str(tmp_path / "story.yaml")]
        flags += ["--replay-plays", "1", "--replay-user", "user{n}"]
        told = swarm(url, users, tmp_path, *flags, workers=2, rate=50, IMPORTED=str(tmp_path))
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
    imported = {name for file in tmp_path.glob("*.txt") for name in file.read_text("utf-8").split()}
    assert len(list(tmp_path.glob("*.txt"))) == 3
    assert "replay.drive.part" in imported
    assert not {name for name in imported if name.split(".")[0] in {"asyncio", "aiohttp", "httpx", "uvloop"}}
    names = {str(entry.agent) for entry in kept.entries if entry.kind == "agent"}
    assert names == {f"user{n}" for n in range(1, users + 1)}
