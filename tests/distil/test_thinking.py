"""How long people took, as recordings tell it."""

from __future__ import annotations

from replay.scenario.model import RequestStep, Scenario

from .recorded import CHAT, Recorded, event


def thought(scenario: Scenario) -> dict[str, str]:
    return {step.id: step.think for step in scenario.steps if isinstance(step, RequestStep)}


def offered() -> Recorded:
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])


def said(recorded: Recorded, at: float) -> Recorded:
    return recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "SendMessage"}, at)


def test_a_person_thinks_from_the_last_event_or_answer_to_the_request() -> None:
    recorded = offered().accept(3.5)
    recorded.poll(2.1, 3.6, events=[event("Chatting")])

    assert thought(said(recorded, 5.6).scenario()) == {"accept": "1.5s", "send-message": "2s"}


def test_an_answer_that_has_not_come_yet_is_no_reason_to_ask() -> None:
    recorded = said(offered().accept(3.0), 3.01)

    assert thought(recorded.scenario()) == {"accept": "1s", "send-message": "1.01s"}


def test_who_asks_at_once_is_a_program() -> None:
    assert thought(offered().accept(2.1).scenario()) == {"accept": "0s"}
