"""Real clients through the recorder, before real servers; then its scenario, to the same clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.scenario.load import load
from replay.scenario.model import PushStep, Scenario
from replay.verify.compare import Likeness

from .software import Process, Seen, agent, backend, events, recorder, replayer, start_agent, story

pytestmark = pytest.mark.live

SAMPLE = [("cometd", "3.1", "long-polling"), ("faye", "9", "websocket")]
REST = [
    ("cometd", "9", "long-polling"),
    ("faye", "3.1", "long-polling"),
    ("faye", "9", "long-polling"),
    ("faye", "3.1", "websocket"),
]
CELLS = [*SAMPLE, *(pytest.param(*cell, marks=pytest.mark.full) for cell in REST)]
CHANNEL = "/v2/me/chats"
STORY = ["invited", "accept", "chatting", "participants-updated", "new-messages"]


def alike(one: list[Seen], other: list[Seen]) -> list[Any]:
    """Where two runs differ by more than ids, hosts and times, and their order."""
    likeness = Likeness({"timestamp", "receivedDate"})
    left, right = _untangled(story(one)), _untangled(story(other))
    return likeness.differences([list(each) for each in left], [list(each) for each in right], "seen")


def _untangled(seen: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Events in order, then requests with answers: the two travel on connections of their own.

    `referenceId` is the server's own count of requests, which goes on from client to client.
    """
    counted = [
        (what, value | {"referenceId": 0} if "referenceId" in value else value) for what, value in seen
    ]
    return sorted(counted, key=lambda each: not each[0].startswith("event"))


def triggers(scenario: Scenario) -> dict[str, str]:
    """What sets off each push."""
    pushes = [step for step in scenario.steps if isinstance(step, PushStep)]
    return {step.id: step.after.partition(" + ")[0] for step in pushes}


@pytest.mark.parametrize(("server", "cometd", "transport"), CELLS)
def test_a_client_sees_no_difference_through_the_recorder_and_the_replay_is_the_same_again(
    server: str, cometd: str, transport: str, tmp_path: Path
) -> None:
    recording, scenario = tmp_path / "r.mitm", tmp_path / "s.yaml"
    with backend(server) as upstream:
        straight = agent(upstream, cometd=cometd, transport=transport)
        with recorder(upstream, recording, scenario) as proxy:
            recorded = agent(proxy, cometd=cometd, transport=transport)
    with replayer(scenario) as replayed_at:
        replayed = agent(replayed_at, cometd=cometd, transport=transport)
        again = agent(replayed_at, cometd=cometd, transport=transport)

    told = load(scenario)
    assert [step.id for step in told.steps] == STORY
    assert triggers(told) == {"invited": "start"} | dict.fromkeys(STORY[2:], "accept")
    assert alike(straight, recorded) == []
    assert alike(recorded, replayed) == []
    assert _chat(replayed) != _chat(again)
    assert {_chat([event]) for event in events(replayed)[:3]} == {_chat(replayed)}
    # In reverse mode the client is kept on the proxy, although the server names itself otherwise.
    assert events(recorded)[0]["data"]["chat"]["uri"].startswith(f"{proxy}/api/v2/chats/")
    assert events(replayed)[0]["data"]["chat"]["uri"].startswith(f"{replayed_at}/api/v2/chats/")


def _chat(seen: list[Seen]) -> str:
    return str(events(seen)[0]["data"]["chat"]["id"])


@pytest.mark.parametrize(
    ("recorded_over", "served_over"),
    [
        ("long-polling", "websocket"),
        pytest.param("websocket", "long-polling", marks=pytest.mark.full),
    ],
)
def test_what_was_recorded_over_one_transport_plays_over_the_other(
    recorded_over: str, served_over: str, tmp_path: Path
) -> None:
    scenario = tmp_path / "s.yaml"
    with backend("faye") as upstream, recorder(upstream, tmp_path / "r.mitm", scenario) as proxy:
        recorded = agent(proxy, cometd="9", transport=recorded_over)
    with replayer(scenario) as url:
        replayed = agent(url, cometd="9", transport=served_over)

    assert alike(recorded, replayed) == []


@pytest.mark.parametrize(
    "flag",
    [
        "--event-before-answer",
        pytest.param("--batch", marks=pytest.mark.full),
        pytest.param("--invite-on-subscribe", marks=pytest.mark.full),
    ],
)
def test_events_keep_their_cause_in_whatever_order_they_came(flag: str, tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    with backend("cometd", flag) as upstream, recorder(upstream, tmp_path / "r.mitm", scenario) as proxy:
        recorded = agent(proxy)
    with replayer(scenario) as url:
        replayed = agent(url)

    told = load(scenario)
    assert triggers(told) == {"invited": "start"} | dict.fromkeys(STORY[2:], "accept")
    assert alike(recorded, replayed) == []


@pytest.mark.full
def test_an_upgrade_that_the_server_refuses_is_refused_through_the_recorder(tmp_path: Path) -> None:
    flags = ("--timeout", "3000")
    with backend("cometd") as upstream:
        straight = start_agent(upstream, cometd="9", transport="websocket", flags=flags)
        assert straight.wait() == 1
        fails = "holds no CometD traffic"
        with recorder(upstream, tmp_path / "r.mitm", tmp_path / "s.yaml", fails=fails) as proxy:
            through = start_agent(proxy, cometd="9", transport="websocket", flags=flags)
            assert through.wait() == 1

    assert refused(straight) == refused(through)


def refused(process: Process) -> list[tuple[str, Any]]:
    """What failed, as the client was told."""
    told = [json.loads(line) for line in process.lines if line.startswith("{")]
    return [(each["kind"], each.get("successful")) for each in told]
