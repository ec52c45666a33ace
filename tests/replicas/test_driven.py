"""`replay drive` before two replicas behind a real balancer: chat after chat, also while one is killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from replay.registry import COMMANDS
from tests.road.software import Process
from tests.server.test_real_clients import SCENARIO

from .balancers import Replicas, eventually
from .test_balanced import balanced

pytestmark = [
    pytest.mark.live,
    pytest.mark.full,
    pytest.mark.skipif("drive" not in COMMANDS, reason="there is no `replay drive` yet"),
    pytest.mark.parametrize("name", ["haproxy", "nginx"]),
]

AGENTS = 30


def driven(url: str, *flags: str) -> Process:
    """Agents under way, each with a chat of its own as soon as one has ended."""
    how = ("--target", url, "--agents", str(AGENTS), "--speed", "4", *flags)
    return Process(sys.executable, "-m", "replay", "drive", str(SCENARIO), *how)


def chatted(replicas: Replicas, name: str) -> list[int]:
    """How many chats each agent of a replica has had to the end."""
    return [row["over"] for row in replicas.control(name, "agents").json()["agents"]]


def test_many_agents_are_at_home_on_one_replica_each(name: str, tmp_path: Path) -> None:
    with balanced(name, tmp_path) as (replicas, url):
        drive = driven(url, "--duration", "5s", "--fail-if", "errors > 0")

        assert drive.wait() == 0, drive.output
        assert sum(replicas.agents().values()) == AGENTS
        assert min(replicas.agents().values()) > AGENTS // 4


def test_all_agents_of_a_killed_replica_chat_on_at_the_other(name: str, tmp_path: Path) -> None:
    with balanced(name, tmp_path) as (replicas, url):
        # Of a chat that was half over, nothing comes any more: it is given up, and the next is asked for.
        drive = driven(url, "--duration", "20s", "--patience", "2s")
        eventually(lambda: all(all(chatted(replicas, each)) for each in "ab") and total(replicas) == AGENTS)
        stayed = chatted(replicas, "b")

        replicas.kill("a")
        eventually(lambda: replicas.agents() == {"b": AGENTS} and all(chatted(replicas, "b")))
        assert drive.wait() == 0, drive.output
        # Who was there before had chats all the time.
        after = chatted(replicas, "b")[: len(stayed)]
        assert all(now > before for before, now in zip(stayed, after, strict=True))


def total(replicas: Replicas) -> int:
    """Agents of all replicas."""
    return sum(replicas.agents().values())
