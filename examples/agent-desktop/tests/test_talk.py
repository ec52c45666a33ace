"""What is said in a chat, and how it ends."""

from __future__ import annotations

import pytest


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


def test_a_chat_that_is_completed_is_over(desk, chat):
    desk.operate(chat, "Complete")

    shown = desk.shows("Completed")
    assert (shown.can, shown.participants) == ([], ["Marat", "PersonP"])


@pytest.mark.replay("customer")
def test_a_customer_who_leaves_is_not_there_any_more(desk, chat, simulator):
    simulator.wait_for("left")

    assert desk.until(lambda chat: chat.participants == ["Marat"]).id == chat
