from __future__ import annotations

import pytest

from .recorded import CHAT, CHATS, Recorded, event, ids, pushes, triggers

OTHER = "0000Na9B26EF00BB"


def offered(**more: object) -> Recorded:
    """An agent that has been offered a chat at 2 s."""
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")], **more)


def test_an_event_follows_the_request_whose_answer_gave_its_number() -> None:
    recorded = offered().accept(3.0, said={"statusCode": 0, "referenceId": 17})
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "SetInFocus"}, 3.1)
    recorded.poll(2.1, 3.2, events=[event("Chatting", referenceId=17)])

    assert triggers(recorded.scenario())[1] == (
        "chatting",
        "accept + 200ms",
        "the answer gave the same referenceId",
    )


def test_an_event_follows_the_latest_request_that_names_its_chat() -> None:
    recorded = offered().accept(3.0).accept(3.1, chat=OTHER).poll(2.1, 3.2, events=[event("Chatting")])

    assert triggers(recorded.scenario())[1] == ("chatting", "accept + 200ms", "same chat id")


def test_a_number_that_no_answer_gave_is_told() -> None:
    recorded = offered().accept(3.0).poll(2.1, 3.2, events=[event("Chatting", referenceId=17)])

    assert triggers(recorded.scenario())[1][2] == "same chat id; it carries a referenceId"


@pytest.mark.parametrize("number", [None, 17])
def test_an_event_may_come_before_the_answer(number: int | None) -> None:
    carried = {} if number is None else {"referenceId": number}
    recorded = offered().accept(3.0, 0.2, said={"statusCode": 0, **carried})
    recorded.poll(2.1, 3.1, events=[event("Chatting", **carried)])

    after, because = triggers(recorded.scenario())[1][1:]
    assert after == "accept + 100ms"
    assert because.endswith("; it came before the answer")


def test_an_event_never_precedes_its_request() -> None:
    recorded = offered().poll(2.1, 2.9, events=[event("Chatting")]).accept(3.0)

    assert triggers(recorded.scenario())[1] == (
        "chatting",
        "start + 2.89s",
        "of the server's own accord; the agent had done nothing yet",
    )


def test_reading_causes_nothing() -> None:
    recorded = offered().call("GET", f"/api/v2/me/chats/{CHAT}", at=3.0)
    recorded.poll(2.1, 3.2, events=[event("Chatting")])

    assert triggers(recorded.scenario())[1][1] == "start + 3.19s"


def test_without_a_cause_an_event_counts_from_start_and_ready() -> None:
    recorded = Recorded().shaken().call("POST", "/api/v2/me", {"operationName": "Ready"}, 0.5)
    recorded.poll(0.1, 2.0, events=[event("Invited", referenceId=3)])

    scenario = recorded.scenario()
    assert [step.id for step in scenario.session] == ["ready"]
    assert triggers(scenario) == [
        (
            "invited",
            "start and ready + 1.5s",
            "of the server's own accord; no request before it shares an id or its referenceId",
        )
    ]


def test_an_agent_that_was_refused_is_not_ready() -> None:
    recorded = Recorded().shaken().call("POST", "/api/v2/me", {"operationName": "Ready"}, 0.5, status=403)
    recorded.poll(0.1, 2.0, events=[event("Invited")])

    assert triggers(recorded.scenario())[0][1] == "start + 1.99s"


def test_an_event_before_ready_counts_from_start_alone() -> None:
    recorded = offered().call("POST", "/api/v2/me", {"operationName": "Ready"}, 3.0)

    assert triggers(recorded.scenario())[0][1] == "start + 1.99s"


def test_ready_before_the_subscription_counts_from_the_subscription() -> None:
    recorded = Recorded().call("POST", "/api/v2/me", {"operationName": "Ready"}, 0.0).shaken(1.0)
    recorded.poll(1.1, 2.01, events=[event("Invited")])

    assert triggers(recorded.scenario())[0][1] == "start and ready + 1s"


def test_an_event_that_waited_has_a_window_in_which_it_happened() -> None:
    recorded = offered().accept(2.5).poll(3.0, 3.001, events=[event("Chatting")])

    scenario = recorded.scenario()
    assert triggers(scenario)[1][1:] == ("accept + 501ms", "same chat id")
    assert [push.window for push in pushes(scenario)] == ["0s", "501ms"]


def test_a_window_reaches_back_no_further_than_the_start_of_the_story() -> None:
    recorded = Recorded().handshake()
    recorded.poll(1.0, 1.1, recorded.message("subscribe", subscription=CHATS), events=[event("Invited")])

    assert [(push.after, push.window) for push in pushes(recorded.scenario())] == [("start + 100ms", "100ms")]


def test_an_event_that_may_have_happened_before_the_request_says_so() -> None:
    recorded = offered().call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "SetInFocus"}, 2.5)
    recorded.poll(3.0, 3.001, events=[event("Chatting")])

    assert triggers(recorded.scenario())[1][2] == "same chat id; though it may have happened before"


def test_what_comes_long_after_may_be_anothers_doing() -> None:
    recorded = offered().accept(3.0).poll(2.1, 20.0, events=[event("Chatting")])

    assert triggers(recorded.scenario())[1][2] == "same chat id; so long after it, perhaps another's doing"


def test_all_ids_that_are_shared_are_named() -> None:
    recorded = offered()
    invited = {"chat": {"id": CHAT}, "participantId": "009052C5E743004C", "type": "Agent"}
    recorded.poll(2.1, 2.2, events=[(CHATS, invited)])
    path = f"/api/v2/me/chats/{CHAT}/009052C5E743004C"
    recorded.call("POST", path, {"operationName": "Remove"}, 3.0)
    recorded.poll(2.3, 3.1, events=[(CHATS, invited)])

    assert triggers(recorded.scenario())[2][1:] == ("remove + 100ms", "same chat and agent ids")


def test_each_time_an_operation_is_repeated_its_event_follows_that_time() -> None:
    recorded = offered()
    for at in (3.0, 4.0, 5.0):
        typing = {"operationName": "SendStartTypingNotification"}
        recorded.call("POST", f"/api/v2/me/chats/{CHAT}", typing, at)
        recorded.poll(at - 0.5, at + 0.1, events=[event("Chatting", index=at)])

    assert [after for _, after, _ in triggers(recorded.scenario())[1:]] == [
        "send-start-typing-notification + 100ms",
        "send-start-typing-notification-2 + 100ms",
        "send-start-typing-notification-3 + 100ms",
    ]


def test_steps_stand_in_the_order_in_which_they_happened() -> None:
    recorded = offered().accept(3.0).poll(2.1, 3.0, events=[event("Chatting")])

    assert ids(recorded.scenario()) == ["invited", "accept", "chatting"]


@pytest.mark.parametrize("number", ["17", None, True, 1.5, [1], {"a": 1}])
def test_a_number_that_is_none_is_no_evidence(number: object) -> None:
    recorded = offered().accept(3.0, said={"referenceId": number})
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "SetInFocus"}, 3.1)
    recorded.poll(2.1, 3.2, events=[event("Idle", referenceId=number)])

    assert triggers(recorded.scenario())[1][1:] == ("set-in-focus + 100ms", "same chat id")


def test_one_agents_request_brings_anothers_event() -> None:
    one = Recorded("c1", headers=(("Authorization", "Bearer a"),)).shaken()
    one.poll(0.1, 2.0, events=[event("Invited")])
    one.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "Accept"}, 2.2)
    one.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "Consult"}, 3.0)
    one.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "SetInFocus"}, 3.05)
    other = Recorded("c2", headers=(("Authorization", "Bearer b"),)).shaken()
    other.poll(0.1, 3.1, events=[event("Invited")])

    scenario = one.scenario(other)
    assert [(push.agent, push.after) for push in pushes(scenario)] == [
        ("agent", "start + 1.99s"),
        ("agent2", "consult + 100ms"),
    ]


def test_an_event_about_what_a_request_made_follows_that_request() -> None:
    recorded = offered().accept(3.0).poll(2.1, 3.1, events=[event("Chatting")])
    recorded.call(
        "POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "Consult"}, 5.0, said={"consult": {"id": OTHER}}
    )
    recorded.poll(3.2, 5.1, events=[event("Chatting", chat=OTHER, parent={"id": CHAT})])

    assert triggers(recorded.scenario())[2] == ("chatting-2", "consult + 100ms", "same chat and chat2 ids")


def test_what_has_brought_its_event_long_since_brings_no_other_of_its_kind() -> None:
    updated = {"chat": {"id": CHAT}, "notificationType": "ParticipantsUpdated"}
    recorded = offered().accept(3.0).poll(2.1, 3.2, events=[(CHATS, updated)])
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "SendMessage", "text": "Hello"}, 20.0)
    recorded.poll(3.3, 26.0, events=[(CHATS, updated | {"left": "customer"})])

    assert [after for _, after, _ in triggers(recorded.scenario())[1:]] == [
        "accept + 200ms",
        "send-message + 6s",
    ]
