"""Recorded, distilled, played and seen: the same story, with nothing in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from replay.capture.recording import open_recording
from replay.distil import only_story
from replay.scenario.load import load
from replay.scenario.model import RequestStep, Scenario
from replay.verify.compare import compare
from tests.distil.recorded import CHAT, Recorded, event
from tests.distil.strategies import Said, recordings, stories

from .loop import Loop

ROOT = Path(__file__).parents[2]
RECORDINGS = sorted((ROOT / "tests" / "data").glob("*.[mh][ia]*"))
TRANSPORTS = ["long-polling", "websocket"]


def seen(loop: Loop) -> list[tuple[str, str]]:
    """Each thing with its step, and a mark where it is not what the scenario says."""
    return [(each.kind, each.step + " differs" * bool(each.differences)) for each in loop.run()]


def told(path: Path) -> Scenario:
    return only_story(open_recording(path).exchanges, name="told").scenario


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_a_real_recording_is_seen_again_whole(path: Path, transport: str) -> None:
    scenario = told(path)
    loop = Loop(scenario, transport=transport, seed=7)

    last = [("event", "new-messages")] if "truncated" not in path.name else []
    assert seen(loop) == [
        ("event", "invited"),
        ("request", "accept"),
        ("answer", "accept"),
        ("event", "chatting"),
        ("event", "participants-updated"),
        *last,
    ]
    assert loop.role.missing == []


def test_a_play_keeps_the_gaps_that_were_recorded() -> None:
    scenario = told(ROOT / "tests" / "data" / "lp_cometdjs9_java.mitm")

    [invited, accept, answer, chatting, participants, _] = Loop(scenario).run()

    assert invited.at == pytest.approx(2.007)
    assert [each.at - accept.at for each in (answer, chatting, participants)] == pytest.approx(
        [0.009, 0.045, 0.156]
    )


def test_two_plays_of_other_seeds_are_alike_and_share_no_id() -> None:
    scenario = told(ROOT / "tests" / "data" / "lp_cometdjs9_java.mitm")
    one, other = Loop(scenario, seed=1), Loop(scenario, seed=2)

    rows = compare(one.run(), other.run(), one.timeline.shift_fields)

    assert [row.differences for row in rows] == [()] * 6
    assert max(abs(row.apart) for row in rows) == pytest.approx(0)
    assert one.seen[0].value["chat"]["id"] != other.seen[0].value["chat"]["id"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_bundled_scenario_is_seen_whole(transport: str) -> None:
    loop = Loop(load(ROOT / "scenarios" / "accept-chat.yaml"), transport=transport)

    assert all("differs" not in step for _, step in seen(loop))
    assert loop.role.missing == []


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_chat_with_repeats_reads_and_texts_is_seen_whole(transport: str) -> None:
    recorded = Recorded().call("GET", "/api/v2/me", at=-2.0, said={"user": {"id": "agent-4711"}})
    recorded.call("POST", "/api/v2/me", {"operationName": "Ready"}, -1.0).shaken()
    recorded.call("GET", "/api/v2/me/chats", at=0.5, said={"chats": []})
    recorded.poll(0.1, 2.0, events=[event("Invited")])
    recorded.call("GET", "/api/v2/me/chats?fields=%2A", at=2.5, said={"chats": [{"id": CHAT}]})
    recorded.accept(3.0, 0.2, said={"statusCode": 0, "referenceId": 4})
    recorded.poll(2.1, 3.1, events=[event("Chatting", referenceId=4)])
    for at in (4.0, 7.0, 10.0):
        send = {"operationName": "SendMessage", "text": "ok"}
        recorded.call("POST", f"/api/v2/me/chats/{CHAT}", send, at)
        recorded.poll(at - 0.5, at + 0.1, events=[event("Chatting", messages=[{"index": at, "text": "ok"}])])
    loop = Loop(recorded.scenario(), transport=transport)

    assert seen(loop)[6:] == [
        ("event", "invited"),
        ("request", "get-chats"),
        ("answer", "get-chats"),
        ("request", "accept"),
        ("event", "chatting"),
        ("answer", "accept"),
        ("request", "send-message"),
        ("answer", "send-message"),
        ("event", "chatting-2"),
        ("request", "send-message-2"),
        ("answer", "send-message-2"),
        ("event", "chatting-3"),
        ("request", "send-message-3"),
        ("answer", "send-message-3"),
        ("event", "chatting-4"),
    ]
    assert loop.role.missing == []


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(stories(agents=1), st.sampled_from(TRANSPORTS))
def test_whatever_was_recorded_is_seen_again_whole(story: list[Said], transport: str) -> None:
    scenario = recordings(story, 0, transport, set()).scenario(together=True)
    # The session comes first in a replay: an operation of its that was recorded later would move its events.
    assume(all(isinstance(step, RequestStep) and step.request.startswith("GET") for step in scenario.session))
    # The client asks once for what was read several times.
    assume(all(len(getattr(step, "respond", [])) <= 1 for step in (*scenario.session, *scenario.steps)))
    # An id that the client brings fits whatever stands in its place.
    ids = [each for each in scenario.variables.values() if str(each.recorded).startswith("0000")]
    assume(all(each.make for each in ids))
    loop = Loop(scenario, transport=transport)

    assert [(kind, step) for kind, step in seen(loop) if not step or step.endswith("differs")] == []
    assert loop.role.missing == []
