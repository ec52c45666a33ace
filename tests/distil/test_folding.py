"""What a client does again and again is told once, where that loses nothing."""

from __future__ import annotations

from typing import Any

from .recorded import CHAT, Recorded, event, ids, pushes, request

CHAT_PATH = f"/api/v2/me/chats/{CHAT}"


def offered() -> Recorded:
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])


def repeated(recorded: Recorded, path: str, operation: str, **more: Any) -> Recorded:
    """The same operation three times."""
    for at in (3.0, 4.0, 5.0):
        recorded.call("POST", path, {"operationName": operation}, at, **more)
    return recorded


def test_keep_alives_are_one_step_of_the_session() -> None:
    scenario = repeated(offered(), "/api/v2/me", "KeepAlive").scenario()

    assert [step.id for step in scenario.session] == ["keep-alive"]
    assert request(scenario, "keep-alive").repeat == "last"
    assert len(request(scenario, "keep-alive").respond) == 1


def test_typing_notices_without_events_are_one_step_of_the_story() -> None:
    scenario = repeated(offered(), CHAT_PATH, "SendStartTypingNotification").scenario()

    assert ids(scenario) == ["invited", "send-start-typing-notification"]


def test_what_is_read_ten_times_is_one_step_with_one_answer() -> None:
    recorded = offered()
    for at in range(10):
        recorded.call("GET", "/api/v2/me", at=3.0 + at, took=0.01 + at / 1000, said={"user": "marat"})

    step = request(recorded.scenario(), "get-me")
    assert (len(step.respond), step.respond[0].after, step.repeat) == (1, "10ms", None)


def test_the_same_event_after_each_is_one_push_that_comes_as_often() -> None:
    recorded = offered()
    for at in (3.0, 4.0, 5.0):
        recorded.call("POST", CHAT_PATH, {"operationName": "SendStartTypingNotification"}, at)
        recorded.poll(at - 0.5, at + 0.1, events=[event("Chatting")])

    scenario = recorded.scenario()
    assert ids(scenario) == ["invited", "send-start-typing-notification", "chatting"]
    assert pushes(scenario)[1].after == "send-start-typing-notification + 100ms"


def test_other_answers_make_other_steps() -> None:
    recorded = offered()
    for at in (3.0, 4.0):
        recorded.call("POST", CHAT_PATH, {"operationName": "Consult"}, at, said={"referenceId": int(at)})

    assert ids(recorded.scenario()) == ["invited", "consult", "consult-2"]


def test_what_only_one_of_them_brings_keeps_them_apart() -> None:
    recorded = repeated(offered(), CHAT_PATH, "SendStartTypingNotification")
    recorded.poll(2.1, 5.1, events=[event("Chatting")])

    scenario = recorded.scenario()
    assert ids(scenario)[1:] == [
        *(f"send-start-typing-notification{number}" for number in ("", "-2", "-3")),
        "chatting",
    ]


def test_an_event_of_the_story_keeps_operations_of_the_session_apart() -> None:
    recorded = repeated(offered(), "/api/v2/me", "NotReady")
    devices = {"messageType": "DeviceStateChangeMessage", "chat": {"id": CHAT}}
    recorded.poll(2.1, 5.1, events=[("/v2/me/chats", devices)])

    assert [step.id for step in recorded.scenario().session] == ["not-ready", "not-ready-2", "not-ready-3"]


def test_a_text_sent_twice_is_two_texts() -> None:
    recorded = offered()
    for at in (3.0, 4.0):
        recorded.call("POST", CHAT_PATH, {"operationName": "SendMessage", "text": "ok"}, at)

    scenario = recorded.scenario()
    assert ids(scenario) == ["invited", "send-message", "send-message-2"]
    assert request(scenario, "send-message-2").body["text"] == "${text2}"


def test_events_that_repeat_by_themselves_come_as_often_as_recorded() -> None:
    recorded = offered()
    for at in (3.0, 4.0, 5.0):
        recorded.poll(at - 0.5, at, events=[("/v2/me/chats", {"messageType": "KeepAlive", "id": CHAT})])

    assert [push.after for push in pushes(recorded.scenario())[1:]] == [
        "start + 2.99s",
        "start + 3.99s",
        "start + 4.99s",
    ]


def test_a_chat_that_is_passed_on_and_comes_back_is_accepted_twice() -> None:
    recorded = offered()
    for at in (3.0, 7.0):
        recorded.accept(at).poll(at + 0.01, at + 0.1, events=[event("Chatting")])
        recorded.call("POST", CHAT_PATH, {"operationName": "Transfer", "at": at}, at + 1)
        recorded.poll(at + 1.01, at + 1.1, events=[event("Completed")])
        recorded.poll(at + 1.2, at + 3, events=[event("Invited")])

    assert [step for step in ids(recorded.scenario()) if "accept" in step or "chatting" in step] == [
        "accept",
        "chatting",
        "accept-2",
        "chatting-2",
    ]
