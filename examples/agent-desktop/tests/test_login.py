"""Who the agent is to the server, and what becomes of it when the server has had enough."""

from __future__ import annotations

import pytest
from desks import CannotError

DENIED = {"status": 403, "code": 20, "message": "Access denied"}


def test_an_agent_is_ready_once_it_listens(desk, simulator):
    order = [entry.step or entry.kind for entry in simulator.journal if entry.kind in {"answer", "subscribe"}]

    assert order == ["me", "log-in", "subscribe", "no-chats", "ready"]


@pytest.mark.replay(faults=[{"fault": "login-expired", "where": {"step": "accept"}, "nth": 1}])
def test_an_agent_whose_login_expired_is_logged_in_again(desk, simulator):
    simulator.expect("log-in", times=2)

    desk.accept(desk.shows("Invited").id)

    desk.until(lambda chat: chat.participants and chat.lines)


@pytest.mark.replay(faults=[{"fault": "error", "where": {"step": "me"}, "settings": DENIED}])
def test_an_agent_whom_nobody_knows_is_not_logged_in(open_desk, simulator):
    simulator.expect("log-in", times=0)

    with pytest.raises(CannotError, match="Access denied"):
        open_desk()


@pytest.mark.replay(faults=[{"fault": "handshake-refused"}])
def test_a_server_that_refuses_to_tell_says_so(open_desk, simulator):
    simulator.expect("ready", times=0)

    with pytest.raises(CannotError):
        open_desk()


def test_an_agent_who_leaves_says_goodbye(language, simulator):
    with language.open(simulator.url, "marat"):
        simulator.wait_for("ready")

    assert simulator.agent().clients == 0


@pytest.mark.parametrize("language", ["javascript"], indirect=True)
@pytest.mark.parametrize("transport", ["websocket", "long-polling"])
def test_events_come_by_whichever_way_they_can(open_desk, simulator, transport):
    desk = open_desk(transport=transport)

    desk.accept(desk.shows("Invited").id)

    assert desk.until(lambda chat: chat.lines).state == "Chatting"
    assert simulator.agent().connections[0].transport == transport
