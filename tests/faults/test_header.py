"""Faults that a request brings with it, in its header."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Reply

from .stories import WHOLE, Told


def told(faults: str = "[]", *, steps: str | None = None) -> Told:
    chat = Told(faults) if steps is None else Told(faults, steps=steps)
    chat.joins()
    return chat


def looks(chat: Told, header: str) -> Reply:
    chat.desktop.fault = header
    exchange = chat.desktop.get("/api/v2/me")
    chat.desktop.fault = ""
    chat.script.advance(5)
    return chat.script.answer(exchange)


def test_it_is_for_the_one_request_and_no_other() -> None:
    chat = told()
    late = looks(chat, "{fault: latency, settings: {delay: 2s}}")
    next_one = looks(chat, "")

    assert (late.at, late.body) == (2.01, "me")
    assert next_one.at == 5.01
    assert chat.strikes[0]["rule"] == "header"


def test_the_journal_calls_it_by_the_name_it_gives() -> None:
    chat = told()
    looks(chat, '{"name": "mine", "fault": "status", "settings": {"status": 503}}')

    assert [strike["rule"] for strike in chat.strikes] == ["mine"]


def test_a_name_alone_is_a_fault_as_it_is_by_itself() -> None:
    chat = told()
    chat.desktop.fault = "hang"
    exchange = chat.desktop.get("/api/v2/me")
    chat.script.advance(100)

    assert chat.script.waits(exchange)


def test_a_preset_means_those_of_its_faults_that_can_strike_here_now() -> None:
    chat = told()
    expired = looks(chat, "expired-session")

    assert expired.status == 403
    assert [strike["rule"] for strike in chat.strikes] == ["expired-session-login"]


def test_it_comes_before_all_other_sources() -> None:
    chat = told("[{name: slow, fault: latency, where: {step: look}, settings: {delay: 3s}}]")
    up = {"name": "up", "fault": "status", "where": {"step": "look"}}
    chat.script.steer(lambda rules, now: rules.put_up(up, now), "status")
    answer = looks(chat, "{fault: latency, settings: {delay: 1s}}")

    assert (answer.status, answer.at) == (200, 1.01)


def test_an_answer_is_swapped_with_its_events() -> None:
    chat = told()
    chat.desktop.fault = "{fault: swap, settings: {first: events}}"
    exchange = chat.accepts()
    chat.desktop.fault = ""
    chat.polls_for(1)

    assert chat.script.answer(exchange).body == WHOLE
    assert chat.script.answer(exchange).at > chat.heard[0][0]


def test_a_connect_brings_its_own() -> None:
    chat = told()
    chat.desktop.fault = "unknown-client"
    exchange = chat.desktop.connect()

    assert chat.script.answer(exchange).body[0]["error"] == "402::Unknown client"


def test_of_a_batch_it_strikes_at_the_first_message_that_it_can() -> None:
    chat = told()
    chat.desktop.fault = "{fault: latency, settings: {delay: 1s}}"
    subscribe = chat.desktop.message("subscribe", subscription="/x")
    connect = chat.desktop.message("connect", connectionType="long-polling", advice={"timeout": 0})
    exchange = chat.desktop.send(subscribe, connect)
    chat.script.advance(3)

    assert chat.script.answer(exchange).at == 1.0
    assert [strike["meta"] for strike in chat.strikes] == ["subscribe"]


def test_what_a_batch_has_not_got_it_does_not_strike_later() -> None:
    chat = told()
    chat.desktop.fault = "subscribe-refused"
    refused = chat.desktop.connect()
    chat.desktop.fault = ""
    subscribed = chat.desktop.subscribe("/x")

    assert chat.script.answer(refused).status == 400
    assert chat.script.answer(subscribed).body[0]["successful"]


def test_what_a_batch_that_is_refused_brought_strikes_at_nobody_else() -> None:
    chat = told()
    other = chat.script.desktop("bob")
    other.open_socket()
    chat.desktop.fault = "hang"
    handshake, connect = chat.desktop.message("handshake"), chat.desktop.message("connect")
    refused = chat.desktop.send(handshake, connect)
    other.handshake()

    assert chat.script.answer(refused).status == 500
    assert other.client_id
    assert chat.strikes == []


def test_chance_does_not_draw_for_a_connect() -> None:
    chat = told()
    chat.desktop.fault = "{fault: close, chance: 50%}"
    refused = chat.script.answer(chat.desktop.connect())

    assert refused.status == 400
    assert "'chance' cannot draw for a connect" in refused.body["error"]["what"]


@pytest.mark.parametrize(
    ("header", "what", "help_"),
    [
        ("hagn", "there is no fault or preset 'hagn'", "Did you mean 'hang'?"),
        ("flakey", "there is no fault or preset 'flakey'", "Did you mean 'flaky'?"),
        ("{fault: latncy}", "unknown fault 'latncy'", "Did you mean 'latency'?"),
        (
            "drop",
            "'drop' is a fault of events, and this is a REST request",
            "Put it up by the control call POST",
        ),
        (
            "lossy-stream",
            "'drop' is a fault of events, and this is a REST request",
            "Put it up by the control call POST",
        ),
        (
            "bandwidth",
            "'bandwidth' is a fault of all traffic of an agent, and",
            "Put it up by the control call POST",
        ),
        (
            "connect-held",
            "'connect-held' is a fault of Bayeux messages, and",
            "Put it up by the control call POST",
        ),
        (
            "refuse",
            "'refuse' is a fault of the whole server, not of one request",
            "Put it up by the control call POST",
        ),
        (
            "server-restarted",
            "'server-restarted' is a fault of the whole server, not of one request",
            "Put it up by the control call POST",
        ),
        (
            "{fault: hang, where: {step: look}}",
            "a fault in a header says nothing of 'where'",
            "It may say name",
        ),
        (
            "{fault: hang, settngs: {}}",
            "a fault in a header says nothing of 'settngs'",
            "Did you mean 'settings'?",
        ),
        ("{fault: latency, settings: {delay: soon}}", "'soon' is no duration", ""),
        ("{fault: hang", "", ""),
        ("[hang]", "this is neither the name of a fault or a preset", "Write {fault: latency"),
        ("", "the file is empty", "Write {fault: latency"),
    ],
)
def test_a_value_that_cannot_be_is_answered_with_why_and_the_nearest(
    header: str, what: str, help_: str
) -> None:
    chat = told()
    chat.desktop.fault = header or " "
    exchange = chat.desktop.get("/api/v2/me")
    answer = chat.script.answer(exchange)
    error: dict[str, Any] = answer.body["error"]

    assert answer.status == 400
    assert what in error["what"]
    assert error["what"]
    assert help_ in error["help"]
    assert chat.strikes == []


def test_what_is_refused_does_not_count_as_the_request_and_stands_in_the_journal() -> None:
    chat = told()
    chat.desktop.fault = "drop"
    chat.accepts()
    chat.desktop.fault = ""
    again = chat.accepts()
    chat.script.advance(1)

    (miss,) = (entry for entry in chat.script.simulator.journal if entry.kind == "miss")
    assert miss.detail["why"].startswith("X-Replay-Fault: 'drop' is a fault of events")
    assert chat.script.answer(again).body == WHOLE


def test_a_bayeux_request_is_refused_in_the_same_words() -> None:
    chat = told()
    chat.desktop.fault = "error"
    answer = chat.script.answer(chat.desktop.connect())

    assert answer.status == 400
    assert answer.body["error"]["what"] == (
        "'error' is a fault of REST requests, and this is a Bayeux message"
    )


def test_the_same_value_again_and_again_is_the_same_fault() -> None:
    chat = told()
    header = "{fault: latency, settings: {delay: 1s}}"

    assert [looks(chat, header).at for _ in range(3)] == [1.01, 6.01, 11.01]
    assert len(chat.script.simulator.switching.standing(chat.script.now)) == 0
