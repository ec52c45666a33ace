"""Faults of the protocol: clients forgotten, refused, misled; and what becomes of polls."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Reply

from .stories import Told


def told(fault: str, *, where: str = "{}", settings: str = "{}", more: str = "") -> Told:
    return Told(f"[{{name: bad, fault: {fault}, where: {where}, settings: {settings}{more}}}]")


def reply(script: Told, exchange: int) -> dict[str, Any]:
    """The one meta reply of an answer."""
    (found,) = [each for each in script.script.answer(exchange).body if "successful" in each]
    return found  # type: ignore[no-any-return]


def test_a_client_is_forgotten_at_its_connect_and_told_to_shake_hands() -> None:
    chat = told("unknown-client", more=", nth: [2]")
    chat.joins()
    refused = chat.desktop.connect()

    assert reply(chat, refused)["error"] == "402::Unknown client"
    assert reply(chat, refused)["advice"] == {"reconnect": "handshake", "interval": 0}
    chat.desktop.handshake()
    chat.desktop.subscribe("/chats")
    chat.polls_for(2)
    assert chat.heard == [(1.0, "Invited")]
    assert [entry.kind for entry in chat.script.simulator.journal][-4:] == [
        "disconnect",
        "handshake",
        "subscribe",
        "event",
    ]


def test_a_step_has_clients_forgotten_and_their_held_connect_told_so() -> None:
    chat = told("unknown-client", where="{step: accept}")
    chat.joins()
    held = chat.desktop.connect()
    chat.accepts()

    assert reply(chat, held)["error"] == "402::Unknown client"
    chat.desktop.handshake()
    chat.desktop.subscribe("/chats")
    chat.polls_for(0.5)
    assert [state for _, state in chat.heard] == ["Chatting", "History"]


@pytest.mark.parametrize(("settings", "advice"), [("{}", "none"), ("{reconnect: retry}", "retry")])
def test_a_handshake_is_refused_as_the_dialect_says_it(settings: str, advice: str) -> None:
    chat = told("handshake-refused", settings=settings, more=", first: 1")
    refused = chat.desktop.handshake()

    assert reply(chat, refused)["error"] == "403::Handshake denied"
    assert reply(chat, refused)["advice"] == {"reconnect": advice}
    assert reply(chat, chat.desktop.handshake())["successful"]
    assert len(chat.script.simulator.agents.all) == 1


def test_a_subscription_is_refused_and_nothing_of_it_comes() -> None:
    chat = told("subscribe-refused", settings="{error: '403::no'}")
    chat.desktop.handshake()
    refused = reply(chat, chat.desktop.subscribe("/chats"))
    chat.polls_for(3)

    assert (refused["successful"], refused["error"], refused["subscription"]) == (False, "403::no", "/chats")
    assert chat.heard == []


def test_advice_goes_with_a_reply_in_milliseconds() -> None:
    chat = told("advice", settings="{reconnect: retry, interval: 2s}", more=", nth: [2]")
    chat.joins()
    held = chat.desktop.connect()
    chat.script.advance(1)

    assert reply(chat, held)["advice"] == {"reconnect": "retry", "interval": 2000}


def test_connects_are_answered_at_once_over_and_over() -> None:
    chat = told("connect-at-once")
    chat.joins()

    assert [chat.script.answer(chat.desktop.connect()).at for _ in range(3)] == [0.0, 0.0, 0.0]
    chat.script.advance(1)
    assert len(chat.script.answer(chat.desktop.connect()).body) == 2


def test_a_connect_is_held_past_its_timeout_but_not_past_news() -> None:
    chat = told("connect-held", settings="{lasts: 10m}")
    chat.joins()
    chat.script.advance(1)
    chat.desktop.connect()
    held = chat.desktop.connect()
    chat.script.advance(100)

    assert chat.script.waits(held)
    chat.accepts()
    chat.script.advance(0.1)
    assert chat.script.answer(held).at == 101.1


def test_a_lost_acknowledgement_brings_events_again() -> None:
    chat = told("ack-lost", more=", nth: [3]")
    chat.joins(ext={"ack": True})
    chat.script.advance(1)
    first = chat.script.answer(chat.desktop.connect(ext={"ack": 1})).body
    again = chat.script.answer(chat.desktop.connect(ext={"ack": 2})).body

    assert [message.get("data") for message in first] == [message.get("data") for message in again]
    assert [state for _, state in chat.heard] == ["Invited", "Invited"]


def test_an_acknowledgement_that_nobody_sends_cannot_be_lost() -> None:
    chat = told("ack-lost")
    chat.joins()

    assert [strike["changed"] for strike in chat.strikes] == ["nothing: its client acknowledges nothing"]


def test_an_event_that_was_broken_on_its_way_is_whole_when_it_goes_out_again() -> None:
    chat = told("garble", where="{step: invited}")
    chat.joins(ext={"ack": True})
    chat.script.advance(1)
    broken = chat.desktop.connect(ext={"ack": 1})
    chat.desktop.connect(ext={"ack": 1})

    assert isinstance(chat.script.answer(broken).body, bytes)
    assert chat.heard == [(1.0, "Invited")]


def test_a_connect_by_socket_that_another_takes_the_place_of_is_late_too() -> None:
    chat = told("latency", where="{meta: connect}", settings="{delay: 1s}", more=", nth: [2]")
    chat.joins(socket=True)
    chat.desktop.connect()
    socket = chat.desktop.socket
    assert socket is not None
    before = len(chat.script.frames[socket])
    chat.desktop.connect()
    assert len(chat.script.frames[socket]) == before
    chat.script.advance(1)

    assert chat.script.frames[socket][-1].at == 1.0
    assert [strike["changed"] for strike in chat.strikes] == ["1s later"]


def test_a_connect_fails_as_http_and_its_events_wait() -> None:
    chat = told("status", where="{meta: connect}", more=", nth: [2]")
    chat.joins()
    chat.script.advance(1)

    assert chat.script.answer(chat.desktop.connect()) == Reply(1.0, b"", 503)
    assert chat.heard == []
    chat.desktop.connect(advice={"timeout": 0})
    assert chat.heard == [(1.0, "Invited")]


@pytest.mark.parametrize(
    ("fault", "settings"), [("truncate", "{bytes: 5}"), ("garble", "{}"), ("reset", "{processed: true}")]
)
def test_what_a_lost_answer_brought_is_lost(fault: str, settings: str) -> None:
    chat = told(fault, where="{meta: connect}", settings=settings, more=", nth: [2]")
    chat.joins()
    chat.desktop.connect()
    chat.script.advance(1)
    chat.polls_for(1)

    assert chat.heard == []
    assert len(chat.strikes) == 1


@pytest.mark.parametrize(
    ("fault", "settings", "seen"),
    [
        ("latency", "{delay: 300ms}", [0.3]),
        ("hang", "{}", []),
        ("garble", "{}", [0.0]),
    ],
)
def test_a_reply_by_socket_is_late_or_missing_or_broken(fault: str, settings: str, seen: list[float]) -> None:
    chat = told(fault, where="{meta: subscribe}", settings=settings)
    chat.desktop.open_socket()
    socket = chat.desktop.handshake()
    chat.desktop.subscribe("/chats")
    chat.script.advance(0.5)

    frames = chat.script.frames[socket][1:]
    assert [frame.at for frame in frames] == seen
    assert all(isinstance(frame.body, bytes) == (fault == "garble") for frame in frames)


def test_a_fault_of_http_says_that_it_cannot_be_on_a_socket() -> None:
    chat = told("status", where="{meta: subscribe}")
    chat.joins(socket=True)
    chat.script.advance(1)

    assert chat.strikes[0]["changed"] == "nothing: it is about HTTP answers, and this came by WebSocket"
    assert chat.heard == [(1.0, "Invited")]
