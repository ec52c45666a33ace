"""Chats that are offered: accepted, turned down, or gone."""

from __future__ import annotations

import pytest
from desks import CannotError


def test_an_offer_shows_with_what_can_be_done(desk):
    assert desk.shows("Invited").can == ["Accept", "Reject"]


def test_whoever_accepts_sees_who_is_there_and_what_was_said(desk):
    desk.accept(desk.shows("Invited").id)

    chat = desk.until(lambda chat: chat.participants and chat.lines)
    assert chat.state == "Chatting"
    assert chat.participants == ["Marat", "PersonP"]
    assert chat.lines == ["PersonP: Hello World", "PersonP: Is anybody there?"]


def test_who_accepts_once_has_asked_once(desk, simulator):
    desk.accept(desk.shows("Invited").id)
    desk.until(lambda chat: chat.lines)

    # What is asked twice within two seconds is answered once more, and counts once.
    assert [entry for entry in simulator.journal if entry.kind == "retry"] == []


def test_the_customer_sees_the_nickname(desk, simulator):
    simulator.expect("accept", times=1)

    desk.accept(desk.shows("Invited").id, "Ada")

    assert desk.until(lambda chat: chat.participants).participants == ["Ada", "PersonP"]


def test_a_chat_that_is_turned_down_is_over(desk, simulator):
    simulator.expect("accept", times=0)

    desk.operate(desk.shows("Invited").id, "Reject")

    assert desk.shows("Completed").can == []


@pytest.mark.replay("revoked")
def test_an_offer_that_nobody_took_cannot_be_accepted(desk, simulator):
    chat = desk.shows("Revoked")

    with pytest.raises(CannotError, match="not offered any more"):
        desk.accept(chat.id)
    simulator.assert_done()


def test_two_chats_are_kept_apart(desk, simulator):
    first = desk.shows("Invited")
    desk.accept(first.id)
    desk.shows("Chatting")
    simulator.offer()
    second = desk.shows("Invited")
    desk.accept(second.id)
    desk.until(lambda chat: chat.id == second.id and chat.lines)

    desk.send(first.id, "To the first")

    talked = desk.until(lambda chat: len(chat.lines) == 3)
    assert (talked.id, talked.lines[-1]) == (first.id, "Marat: To the first")
    assert len(desk.until(lambda chat: chat.id == second.id).lines) == 2


@pytest.mark.replay(variables={"chat": "0000TheSameEach1"})
def test_a_chat_may_have_a_name_that_the_test_knows(desk, simulator):
    simulator.wait_for("invited")

    desk.accept("0000TheSameEach1")

    desk.shows("Chatting")
