"""Stories whose causes are known: whatever the latencies, the batches and the overtaking, they are found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.scenario.model import PushStep, RequestStep, Scenario

from .recorded import CHATS, Recorded

CHATS_OF_STORY = ["0000Na9B26EF0001", "0000Na9B26EF0002"]
PEOPLE = [f"00905{n:011X}" for n in range(8)]


class Did(msgspec.Struct, frozen=True):
    """An operation, and the event that it brought."""

    number: int
    chat: str
    evidence: str
    """By what its event can be told: reference, id, text, or only the kind of event."""
    at: float
    answered_after: float
    event_after: float


@st.composite
def stories(draw: st.DrawFn) -> list[Did]:
    """Operations close to each other in time, each with an event that comes sooner or later than others'."""
    story, at = [], 3.0
    for number in range(draw(st.integers(1, 8))):
        at += draw(st.integers(1, 600)) / 1000
        kind = draw(st.sampled_from(["reference", "id", "text", "kind"]))
        chat = draw(st.sampled_from(CHATS_OF_STORY))
        answered, came = (draw(st.integers(1, 900)) / 1000 for _ in range(2))
        if kind == "kind":
            # What has no evidence but its kind is only told while nothing like it is in flight.
            others = [each for each in story if (each.evidence, each.chat) == (kind, chat)]
            if any(each.at + each.event_after > at for each in others):
                kind = "text"
        # Two events at the same moment cannot be put in order by what they say.
        while any(event_at(each) == round(at + came, 4) for each in story):
            came += 0.001
        story.append(Did(number, chat, kind, round(at, 3), answered, round(came, 3)))
    return story


def event_at(did: Did) -> float:
    """When its event came."""
    return round(did.at + did.event_after, 4)


def asked(did: Did) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Path, body and answer."""
    path, body = f"/api/v2/me/chats/{did.chat}", {"operationName": f"Do{did.number}", "tag": did.number}
    if did.evidence == "reference":
        return path, body, {"statusCode": 0, "referenceId": 40 + did.number}
    if did.evidence == "id":
        return f"{path}/participants/{PEOPLE[did.number]}", body, {"statusCode": 0}
    if did.evidence == "text":
        return path, body | {"operationName": "SendMessage", "text": f"t{did.number}"}, {"statusCode": 0}
    return path, body | {"operationName": "SendStartTypingNotification"}, {"statusCode": 0}


def brought(did: Did) -> dict[str, Any]:
    """The data of its event."""
    log: dict[str, Any] = {"notificationType": "NewMessages", "tag": did.number}
    log["chatUri"] = f"http://gws:8080/api/v2/chats/{did.chat}"
    agent = {"type": "Agent", "nickname": "Marat"}
    if did.evidence == "text":
        return log | {"messages": [{"type": "Text", "from": agent, "text": f"t{did.number}"}]}
    if did.evidence == "kind":
        return log | {"messages": [{"type": "TypingStarted", "from": agent}]}
    change = {"notificationType": "Changed", "tag": did.number, "chat": {"id": did.chat}}
    if did.evidence == "id":
        return change | {"participantId": PEOPLE[did.number], "type": "Agent"}
    return change | {"referenceId": 40 + did.number}


def recorded(story: list[Did], gap: float) -> Recorded:
    """What a client that polls again `gap` seconds after each reply saw of it."""
    recording = Recorded().shaken()
    known = [{"id": each} for each in CHATS_OF_STORY]
    invited = {"chat": known, "participants": [{"participantId": each} for each in PEOPLE]}
    recording.poll(0.1, 2.0, events=[(CHATS, invited)])
    for did in story:
        path, body, answer = asked(did)
        recording.call("POST", path, body, did.at, did.answered_after, said=answer)
    events = [(event_at(did), brought(did)) for did in sorted(story, key=event_at)]
    opened = 2.0 + gap
    while events:
        released = max(opened + 0.001, events[0][0])
        batch = [(CHATS, data) for at, data in events if at <= released]
        recording.poll(opened, released, events=batch)
        events = events[len(batch) :]
        opened = released + gap
    return recording


def causes(scenario: Scenario) -> dict[int, int]:
    """For the tag of each event, the tag of the request that is said to have caused it."""
    tags = {
        step.id: step.body["tag"]
        for step in scenario.steps
        if isinstance(step, RequestStep) and isinstance(step.body, dict)
    }
    pushes = [step for step in scenario.steps if isinstance(step, PushStep)]
    return {
        push.data["tag"]: tags[push.after.partition(" + ")[0]]
        for push in pushes
        if isinstance(push.data, dict) and "tag" in push.data
    }


def is_found(story: list[Did], gap: float) -> bool:
    """Whether all events are told with their true causes."""
    found = causes(recorded(story, gap).scenario(together=True))
    return found == {did.number: did.number for did in story}


gaps = st.sampled_from([0.002, 0.05, 0.8, 3.0])
slow = [HealthCheck.too_slow]


@settings(max_examples=60, deadline=None, suppress_health_check=slow)
@given(stories(), gaps)
def test_where_there_is_evidence_the_true_cause_is_found(story: list[Did], gap: float) -> None:
    assert is_found(story, gap)


@pytest.mark.full
@settings(max_examples=2000, deadline=None, suppress_health_check=slow)
@given(stories(), gaps)
def test_the_same_for_many_more_stories(story: list[Did], gap: float) -> None:
    assert is_found(story, gap)
