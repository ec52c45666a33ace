"""`replay drive` before two replicas behind a real balancer: chat after chat, also while one is killed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.road.software import Process
from tests.server.test_real_clients import SCENARIO

from .balancers import Replicas, eventually
from .test_balanced import balanced

pytestmark = [
    pytest.mark.live,
    pytest.mark.full,
    pytest.mark.parametrize("name", ["haproxy", "nginx"]),
]

AGENTS = 30
LOSSES = {
    *("lost connection", "no connection", "CometD answered 502", "CometD answered 503"),
    *("status 404", "status 502", "status 503", "no chat offered", "missing", "doubled"),
}
"""What a killed replica costs: what was on its way, and chats half over. Who comes back gets one unasked."""


def driven(url: str, *flags: str) -> Process:
    """Agents under way, each with a chat of its own as soon as one has ended."""
    how = ("--target", url, "--agents", str(AGENTS), "--speed", "4", *flags)
    return Process(sys.executable, "-m", "replay", "drive", str(SCENARIO), *how)


def chatted(replicas: Replicas, name: str) -> list[int]:
    """How many chats each agent of a replica has had to the end."""
    return [row["over"] for row in replicas.control(name, "agents").json()["agents"]]


def test_many_agents_are_at_home_on_one_replica_each(name: str, tmp_path: Path) -> None:
    with balanced(name, tmp_path) as (replicas, url):
        drive = driven(url, "--duration", "5s", "--fail-if", "errors > 0", "--fail-if", "recoveries > 0")

        assert drive.wait() == 0, drive.output
        assert sum(replicas.agents().values()) == AGENTS
        assert min(replicas.agents().values()) > AGENTS // 4


def test_all_agents_of_a_killed_replica_chat_on_at_the_other(name: str, tmp_path: Path) -> None:
    with balanced(name, tmp_path) as (replicas, url):
        # Of a chat that was half over, nothing comes any more: it is given up, and the next is asked for.
        file = tmp_path / "drive.json"
        drive = driven(url, "--duration", "20s", "--patience", "2s", "--json", str(file))
        eventually(lambda: all(all(chatted(replicas, each)) for each in "ab") and total(replicas) == AGENTS)
        stayed, lost = chatted(replicas, "b"), replicas.agents()["a"]

        replicas.kill("a")
        eventually(lambda: replicas.agents() == {"b": AGENTS} and all(chatted(replicas, "b")))
        assert drive.wait() == 0, drive.output
        # Who was there before had chats all the time.
        after = chatted(replicas, "b")[: len(stayed)]
        assert all(now > before for before, now in zip(stayed, after, strict=True))
        told = json.loads(file.read_text(encoding="utf-8"))
        # Each of the killed one has shaken hands anew, once, and nobody else; nobody has gone for good.
        assert told["recoveries"] == lost
        assert (told["lost"], told["strangers"], told["ended_early"]) == (0, 0, "")
        assert {each["error"] for each in told["failing"]} <= LOSSES, told["failing"]


def total(replicas: Replicas) -> int:
    """Agents of all replicas."""
    return sum(replicas.agents().values())
