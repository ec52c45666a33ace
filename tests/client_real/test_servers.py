"""Our own client against the servers of others: npm's cometd and faye, the Accept story of the document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from replay.bayeux.messages import decode
from replay.drive.outcome import Outcome
from replay.drive.playing import play
from replay.plan.timeline import Timeline, plan
from replay.scenario.load import load
from tests.client_real.relay import relay
from tests.road.software import agent, backend, recorder

pytestmark = pytest.mark.live

CONFIGURED = "http://localhost:8080/api/v2/chats/"
STORY = [
    ("event", "invited"),
    ("request", "accept"),
    ("answer", "accept"),
    ("event", "chatting"),
    ("event", "participants-updated"),
    ("event", "new-messages"),
]
CELLS = [
    ("cometd", "long-polling"),
    ("faye", "websocket"),
    pytest.param("faye", "long-polling", marks=pytest.mark.full),
]


@pytest.fixture(scope="module")
def distilled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Timeline]:
    """The Accept story as npm's client met it on a server, through our recorder."""

    @cache
    def on(server: str) -> Timeline:
        folder = tmp_path_factory.mktemp(server)
        scenario = folder / "story.yaml"
        with backend(server) as upstream, recorder(upstream, folder / "story.mitm", scenario) as proxy:
            agent(proxy)
        return plan(load(scenario))

    return on


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(each.kind, each.step) for each in outcome.seen if each.kind != "failure"]


def differences(outcome: Outcome) -> list[Any]:
    """Where it was not as recorded, but for the server's own count of requests and its configured address."""
    found = [each for seen in outcome.seen for each in seen.differences]
    others = [each for each in found if not each.field.endswith("referenceId")]
    return [each for each in others if not str(each.got).startswith(CONFIGURED)]


@pytest.mark.parametrize(("server", "transport"), CELLS)
def test_the_accept_story_is_played_to_its_end_on_a_real_server(
    server: str, transport: str, distilled: Callable[[str], Timeline]
) -> None:
    timeline = distilled(server)

    with backend(server) as url:
        outcome = asyncio.run(play(timeline, url, transport=transport, patience=10.0))

    assert sorted(told(outcome)) == sorted(STORY), outcome
    assert told(outcome)[0] == STORY[0]
    assert (outcome.missing, outcome.why, differences(outcome)) == ((), "", [])


async def moved(timeline: Timeline, old: str, new: str) -> tuple[Outcome, list[dict[str, Any]]]:
    """Plays through a relay that turns to another server once the client is settled; what is said then."""
    said: list[dict[str, Any]] = []
    settled = False

    def turn(answer: bytes) -> bool:
        nonlocal settled
        body = answer.partition(b"\r\n\r\n")[2]
        messages = decode(body) if body.startswith(b"[") else []
        if settled:
            said.extend(messages)
        elif any(message["channel"] == "/meta/connect" for message in messages):
            settled = True
            between.move(new)
            return True
        return False

    async with relay(old, turn) as between:
        return await play(timeline, between.url, patience=10.0), said


@pytest.mark.parametrize("server", ["cometd", pytest.param("faye", marks=pytest.mark.full)])
def test_a_server_that_has_forgotten_the_client_is_greeted_and_subscribed_to_again(
    server: str, distilled: Callable[[str], Timeline]
) -> None:
    timeline = distilled(server)

    # The first server invites nobody, and holds no connect for long: faye holds the first one too.
    with backend(server, "--invite-after", "60000", "--timeout", "200") as old, backend(server) as new:
        outcome, said = asyncio.run(moved(timeline, old, new))

    replies = [message for message in said if "successful" in message]
    order = [(message["channel"].removeprefix("/meta/"), message["successful"]) for message in replies[:2]]
    assert order == [("connect", False), ("handshake", True)], replies
    assert ("/meta/subscribe", True) in {(message["channel"], message["successful"]) for message in replies}
    assert sorted(told(outcome)) == sorted(STORY), outcome
    assert (outcome.missing, outcome.why, differences(outcome)) == ((), "", [])
