"""Two real clients of different makes on one `replay serve`, in a story that both take part in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.matrix.cells import seen_by, start
from tests.road.software import Process, Seen, events, finish, replayer, start_agent

CONSULT = Path(__file__).parents[1] / "data" / "consult.yaml"

pytestmark = pytest.mark.live


def states(seen: list[Seen]) -> list[Any]:
    return [each["data"]["chat"]["state"] for each in events(seen)]


def answers(seen: list[Seen]) -> list[int]:
    return [each["status"] for each in seen if each["kind"] == "answer"]


@pytest.mark.parametrize(
    ("user", "transport"), [((), "websocket"), (("--user", "helping", "--auth-cometd"), "long-polling")]
)
def test_who_accepts_a_chat_brings_another_one_in(user: tuple[str, ...], transport: str) -> None:
    with replayer(CONSULT, "--seed", "3") as url:
        first = start_agent(url, flags=("--expect", "3", "--ready", "--nickname", "Joan"))
        first.word("subscribed")
        nickname = ("--nickname", "Grace")
        second = start("aiocometd-noloop", transport, url, "--expect", "2", "--ready", *nickname, *user)
        asking, helping = finish(first), seen_by(second)

    assert (states(asking), answers(asking)) == (["Invited", "Chatting", "Chatting"], [200, 200])
    assert (states(helping), answers(helping)) == (["Invited", "Chatting"], [200, 200])
    consulted, joined = (each["data"]["chat"] for each in events(helping))
    invited, _, helped = (each["data"]["chat"] for each in events(asking))
    dialled = url.replace("127.0.0.1", "localhost")
    # What one of them said is told to the other, and each chat has the same id for both.
    assert (consulted["by"], helped["with"], joined["with"]) == ("Joan", "Grace", "Grace")
    assert (consulted["parent"], consulted["uri"]) == (
        invited["id"],
        f"{dialled}/api/v2/chats/{joined['id']}",
    )


def test_the_faults_of_a_scenario_are_said_when_it_is_served(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.yaml"
    faults = [{"name": "a", "fault": "drop"}]
    steps = [{"id": "hello", "push": "/a", "data": "hello"}]
    faulty.write_text(json.dumps({"version": 1, "name": "faulty", "faults": faults, "steps": steps}))
    process = Process(sys.executable, "-m", "replay", "serve", str(faulty), "--port", "0")
    process.word("playing")

    assert process.stop() == 0
    assert "faults: a (drop, scenario)\n" in process.output
    assert "faults: never struck: a\n" in process.output
