"""Tests of a project's client, each with a mistake in the client; they are run by pytest inside of pytest."""

from __future__ import annotations

import subprocess
import threading

import pytest

from replay.server.simulated import Simulated
from tests.pytest_plugin.agent import Agent
from tests.road.software import UPSTREAM, node

pytestmark = pytest.mark.replay("accept-chat", speed="max")


@pytest.fixture
def agent(simulator: Simulated) -> Agent:
    agent = Agent(simulator.url, simulator.cometd_url)
    agent.get("/api/v2/me")
    return agent


@pytest.fixture
def invited(agent: Agent) -> str:
    agent.start()
    return str(agent.until("Invited")["id"])


def test_wrong_id(agent: Agent, invited: str) -> None:
    answer = agent.accept("0000Na9B26EF002X", nickname="Ann")

    assert answer["statusCode"] == 0


def test_accept_twice(agent: Agent, invited: str, simulator: Simulated) -> None:
    agent.accept(invited, nickname="Ann")
    simulator.wait_for("history")
    answer = agent.accept(invited, nickname="Ann", visibility="All")

    assert answer["statusCode"] == 0


def test_not_subscribed(simulator: Simulated) -> None:
    """The client is one of npm's cometd."""
    command = [node(), str(UPSTREAM / "agent.js"), "--url", simulator.url, "--channel", "/v2/me", "--timeout"]
    done = subprocess.run([*command, "1500"], capture_output=True, text=True, check=False)

    was_invited = "Invited" in done.stdout
    assert was_invited


def test_wrong_nickname_field(agent: Agent, invited: str, simulator: Simulated) -> None:
    simulator.expect("accept", times=1)
    answer = agent.accept(invited, nickName="Ann")

    assert answer["statusCode"] == 0


@pytest.mark.replay("impatient.yaml")
def test_polled_too_late(agent: Agent, simulator: Simulated) -> None:
    agent.start()
    while simulator.agents[0].clients:
        threading.Event().wait(0.02)
    answer = agent.poll()

    assert answer[0]["successful"]
