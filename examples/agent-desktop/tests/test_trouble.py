"""What goes wrong between the server and the desktop, and what the agent must not notice of it."""

from __future__ import annotations

import pytest
from desks import CannotError

HISTORY = ["PersonP: Hello World", "PersonP: Is anybody there?"]
THREE_LINES = ["PersonP: My order is late", "PersonP: Number 4711", "PersonP: Hello?"]


def goes_wrong(fault, **rule):
    """The marker for a test in which something goes wrong, where and how often as the rule says."""
    return pytest.mark.replay(faults=[{"fault": fault, **rule}])


def times_shaken(simulator):
    return sum(entry.kind == "handshake" for entry in simulator.journal)


def forgets_the_client(simulator):
    """At its next poll, which comes at once: the one that is held returns with an event."""
    simulator.fault({"fault": "unknown-client", "where": {"meta": "connect"}, "first": 1})
    simulator.push(step="chatting")


def test_a_server_that_forgot_the_client_is_greeted_again(desk, simulator):
    desk.accept(desk.shows("Invited").id)
    chat = desk.until(lambda chat: chat.lines and chat.participants)

    forgets_the_client(simulator)

    # What a desktop asks for that listens again.
    simulator.wait_for("chats")
    desk.send(chat.id, "Good morning")
    assert desk.until(lambda chat: len(chat.lines) == 3).lines == [*HISTORY, "Marat: Good morning"]
    assert times_shaken(simulator) == 2


@goes_wrong("drop", where={"step": "history"})
def test_what_was_lost_with_the_client_is_asked_for(desk, simulator):
    desk.accept(desk.shows("Invited").id)
    desk.until(lambda chat: chat.participants)

    forgets_the_client(simulator)

    assert desk.until(lambda chat: chat.lines).lines == HISTORY


@goes_wrong("drop", where={"step": "participants"})
def test_who_was_lost_with_the_client_is_asked_for_too(desk, simulator):
    desk.accept(desk.shows("Invited").id)
    desk.until(lambda chat: chat.lines)

    forgets_the_client(simulator)

    assert desk.until(lambda chat: chat.participants).participants == ["Marat", "PersonP"]


@goes_wrong("server-restarted", where={"step": "chatting"}, nth=1)
def test_a_server_that_restarts_during_accept_is_caught_up_with(desk, simulator):
    desk.accept(desk.shows("Invited").id)

    chat = desk.until(lambda chat: chat.state == "Chatting" and chat.lines)
    assert chat.lines == HISTORY
    assert times_shaken(simulator) == 2


@goes_wrong("reset", where={"step": "history"}, nth=1)
def test_a_poll_that_is_reset_loses_nothing(desk, simulator):
    desk.accept(desk.shows("Invited").id)

    assert desk.until(lambda chat: chat.lines).lines == HISTORY
    assert times_shaken(simulator) == 1


@goes_wrong("status", where={"step": "accept"}, settings={"status": 503}, first=2)
def test_an_accept_is_tried_again_while_the_server_is_busy(desk, simulator):
    desk.accept(desk.shows("Invited").id)

    desk.shows("Chatting")
    assert simulator.faults[0].struck == 2


@pytest.mark.parametrize("status", [500, 200])
def test_what_the_server_says_of_a_failure_is_what_the_agent_reads(desk, simulator, status):
    simulator.expect("chatting", times=0)
    chat = desk.shows("Invited")
    simulator.fault("error", where={"step": "accept"}, status=status, message="Chat server is down")

    with pytest.raises(CannotError, match="Chat server is down"):
        desk.accept(chat.id)


@goes_wrong("hang", where={"step": "accept"}, settings={"processed": True}, nth=1)
def test_an_accept_without_an_answer_is_asked_again(open_desk):
    desk = open_desk(timeout=0.3, attempts=20)

    desk.accept(desk.shows("Invited").id)

    assert desk.until(lambda chat: chat.lines).lines == HISTORY


@goes_wrong("hang", where={"step": "send"}, settings={"processed": True})
def test_a_message_without_an_answer_is_not_said_twice(open_desk, simulator):
    simulator.expect("sent", times=1)
    desk = open_desk(timeout=0.3, attempts=20)
    chat = desk.shows("Invited").id
    desk.accept(chat)

    with pytest.raises(CannotError):
        desk.send(chat, "Once")

    assert "Marat: Once" in desk.until(lambda chat: len(chat.lines) == 3).lines


@pytest.mark.replay("customer")
@goes_wrong("drop", where={"step": "second-line"})
def test_a_message_that_was_lost_is_asked_for(desk, simulator):
    simulator.expect("messages")
    desk.accept(desk.shows("Invited").id)

    assert desk.until(lambda chat: len(chat.lines) == 3).lines == THREE_LINES


@pytest.mark.replay("customer")
@goes_wrong("duplicate", where={"messageType": "MessageLogUpdated"})
def test_a_message_that_comes_twice_shows_once(desk):
    desk.accept(desk.shows("Invited").id)
    desk.until(lambda chat: chat.participants == ["Marat"])

    assert desk.until(lambda chat: chat.lines).lines == THREE_LINES


@pytest.mark.replay("customer")
@goes_wrong("reorder", where={"step": "first-line"})
def test_messages_that_come_out_of_order_show_in_order(desk):
    desk.accept(desk.shows("Invited").id)

    assert desk.until(lambda chat: len(chat.lines) == 3).lines == THREE_LINES


def test_an_offer_that_is_told_once_more_takes_nothing_back(desk, simulator):
    chat = desk.shows("Invited").id
    desk.accept(chat)
    desk.until(lambda chat: chat.lines)
    simulator.push(step="invited")

    desk.send(chat, "Good morning")

    assert desk.until(lambda chat: len(chat.lines) == 3).state == "Chatting"


def test_trouble_may_begin_in_the_middle_of_a_test(desk, simulator):
    chat = desk.shows("Invited")
    with simulator.fault("status", where={"step": "accept"}, status=503), pytest.raises(CannotError):
        desk.accept(chat.id)

    desk.accept(chat.id)

    desk.shows("Chatting")
