"""npm's CometD clients, with a cookie jar each, before two replicas behind a real balancer."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.road.software import Process, Seen, finish, start_agent
from tests.server.test_real_clients import CLIENTS, SCENARIO, Chat, check

from .balancers import Replicas, balancer, eventually
from .conftest import needed

pytestmark = pytest.mark.live

BALANCERS = [pytest.param("haproxy"), pytest.param("nginx", marks=pytest.mark.full)]
STORY = 4
"""Events of the scenario."""
FLAGS = ("--ready", "--get-me")


@contextmanager
def balanced(name: str, folder: Path, *flags: str) -> Iterator[tuple[Replicas, str]]:
    """Two replicas behind a balancer, and its URL."""
    program = needed(name)
    with (
        Replicas(SCENARIO, "--speed", "4", *flags) as replicas,
        balancer(name, program, replicas, folder) as url,
    ):
        yield replicas, url


@pytest.mark.parametrize("name", BALANCERS)
def test_who_keeps_cookies_stays_with_one_replica_and_is_never_unknown(name: str, tmp_path: Path) -> None:
    with balanced(name, tmp_path) as (replicas, url):
        kinds = (*CLIENTS, CLIENTS[0])
        started = [
            start_agent(url, cometd=cometd, transport=transport, flags=(*FLAGS, "--user", f"ann{number}"))
            for number, (cometd, transport) in enumerate(kinds)
        ]
        chats = [Chat(finish(each), url) for each in started]

        for chat in chats:
            check(chat)
        assert len({chat.id for chat in chats}) == len(kinds)
        came = replicas.agents()
        # Somebody whose requests were spread would have been somebody else on each.
        assert sum(came.values()) == len(kinds)
        assert min(came.values()) > 0
        others = ", ".join(f"http://127.0.0.1:{port}/__replay" for port in replicas.ports.values())
        assert f"control calls reach {others} too\n" in replicas.said("a")
        assert httpx.get(f"{url}/__replay/health").status_code == 200
        # Linux has all of 127/8 on loopback: whoever comes from there is somebody else to the balancer.
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as elsewhere:
            for path in ("__replay/health", "%5f_replay/health", "//__replay/health", "x/../__replay/health"):
                assert elsewhere.get(f"{url}/{path}").status_code in {403, 404}, path
            assert elsewhere.get(f"{url}/api/v2/me").status_code == 200


@pytest.mark.full
@pytest.mark.parametrize(("cometd", "transport"), CLIENTS)
@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_when_a_replica_is_killed_its_agents_come_back_elsewhere_and_others_notice_nothing(
    name: str, cometd: str, transport: str, tmp_path: Path
) -> None:
    with balanced(name, tmp_path) as (replicas, url):
        expects = (*FLAGS, "--anew", "--expect", str(2 * STORY), "--timeout", "40000")
        agents = [
            start_agent(url, cometd=cometd, transport=transport, flags=(*expects, "--user", f"ann{number}"))
            for number in range(4)
        ]
        for each in agents:
            each.word("MessageLogUpdated")
        lost = [
            each
            for each, chat in zip(agents, map(chat_of, agents), strict=True)
            if chat in chats(replicas, "a")
        ]
        kept = [each for each in agents if each not in lost]
        assert lost
        assert kept

        replicas.kill("a")
        moved = [finish(each) for each in lost]
        assert replicas.agents() == {"b": len(agents)}
        replicas.begin_again("a")
        for _ in range(STORY):
            told = httpx.post(
                f"http://127.0.0.1:{replicas.ports['a']}/__replay/events",
                json={"channel": "/v2/me/chats", "data": {"text": "Are you there?"}},
            )
            assert len(told.json()["told"]) == len(agents)
        stayed = [finish(each) for each in kept]

    for seen in moved:
        assert "402::Unknown client" in {each.get("error") for each in failures(seen)}
        assert shaken(seen) == [True, True]
        # What it is told after it has come elsewhere is a chat of its own, from its beginning to its end.
        again = [each for each in seen if each["kind"] != "failure"]
        check(Chat([each for each in again if each not in story_of(again)], url))
    for seen in stayed:
        assert failures(seen) == []
        assert shaken(seen) == [True]


def story_of(seen: list[Seen]) -> list[Seen]:
    """The events of the first chat."""
    return [each for each in seen if each["kind"] == "event"][:STORY]


def chat_of(agent: Process) -> str:
    """The chat that an agent was invited to."""
    seen = [json.loads(line) for line in agent.lines]
    return next(str(each["data"]["chat"]["id"]) for each in seen if each["kind"] == "event")


def chats(replicas: Replicas, name: str) -> set[str]:
    """The chats of one replica."""
    lines = replicas.control(name, "journal?kind=play").text.splitlines()
    return {json.loads(line)["detail"]["values"]["chat"] for line in lines}


def failures(seen: list[Seen]) -> list[Any]:
    """What went wrong."""
    return [each for each in seen if each["kind"] == "failure"]


def shaken(seen: list[Seen]) -> list[bool]:
    """Its handshakes, and whether each was taken."""
    return [each["successful"] for each in seen if each["kind"] == "handshake"]


@pytest.mark.full
@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_who_goes_away_lets_go_of_its_poll(name: str, tmp_path: Path) -> None:
    # On a clock that nobody moves no poll ends by itself.
    with balanced(name, tmp_path, "--clock", "manual") as (replicas, url):
        agent = start_agent(url)
        agent.word("subscribed")
        eventually(lambda: polls(replicas) == 1)
        agent.stop(signal.SIGKILL)
        eventually(lambda: polls(replicas) == 0)


def polls(replicas: Replicas) -> int:
    """Polls that replicas hold."""
    rows = [row for name in replicas.ports for row in replicas.control(name, "agents").json()["agents"]]
    return sum(row["held_polls"] for row in rows)
