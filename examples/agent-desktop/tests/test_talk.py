"""What is said in a chat, and how it ends."""

from __future__ import annotations

import pytest


def tell(simulator, chat, *messages):
    """An event of the test's own: what the scenario does not say."""
    news = {"messageType": "MessageLogUpdated", "notificationType": "NewMessages"}
    simulator.push("/v2/me/chats", {**news, "chatUri": f"/api/v2/chats/{chat}", "messages": list(messages)})


def message(index, who, **said):
    return {"index": index, "from": {"type": who, "nickname": who}, **said}


@pytest.fixture
def chat(desk):
    """A chat that is accepted, up to its history."""
    desk.accept(desk.shows("Invited").id)
    return desk.until(lambda chat: chat.lines).id


def test_what_the_agent_says_stands_below_what_was_said(desk, chat):
    desk.send(chat, "Good morning")
    desk.send(chat, "How can I help?")

    said = desk.until(lambda chat: len(chat.lines) == 4).lines
    assert said[2:] == ["Marat: Good morning", "Marat: How can I help?"]


def test_the_customer_is_told_that_the_agent_types(desk, chat, simulator):
    simulator.expect("typing", times=1)

    desk.operate(chat, "SendStartTypingNotification")


def test_a_customer_types_on_while_the_agent_talks(desk, chat, simulator):
    typing = message(5, "Customer", type="TypingStarted")

    tell(simulator, chat, typing, message(6, "Agent", type="Text", text="Take your time"))

    assert desk.until(lambda chat: len(chat.lines) == 3).is_typing


def test_what_a_server_leaves_out_of_its_numbers_is_asked_for_once(desk, chat, simulator):
    tell(simulator, chat, message(9, "Customer", type="Text", text="Is anybody"))
    simulator.wait_for("messages")

    tell(simulator, chat, message(10, "Customer", type="Text", text="there?"))
    desk.operate(chat, "Complete")

    assert len(desk.shows("Completed").lines) == 4
    asked = [entry.kind for entry in simulator.journal if entry.step == "messages"]
    assert asked == ["request", "answer"]


def test_a_chat_that_is_completed_is_over(desk, chat):
    desk.operate(chat, "Complete")

    shown = desk.shows("Completed")
    assert (shown.can, shown.participants) == ([], ["Marat", "PersonP"])


@pytest.mark.replay("customer")
def test_a_customer_who_leaves_is_not_there_any_more(desk, chat, simulator):
    simulator.wait_for("left")

    assert desk.until(lambda chat: chat.participants == ["Marat"]).id == chat
