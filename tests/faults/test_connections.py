"""Faults of connections, sessions and the whole server."""

from __future__ import annotations

import pytest

from replay.testing import Desktop

from .stories import Told


def told(fault: str, *, where: str = "{}", settings: str = "{}", more: str = "") -> Told:
    return Told(f"[{{name: bad, fault: {fault}, where: {where}, settings: {settings}{more}}}]")


@pytest.mark.parametrize(("fault", "is_reset"), [("reset", True), ("close", False)])
def test_where_an_event_strikes_the_poll_is_cut_and_the_event_comes_with_the_next(
    fault: str, is_reset: bool
) -> None:
    chat = told(fault, where="{step: invited}")
    chat.joins()
    held = chat.desktop.connect()
    chat.script.advance(1)

    assert chat.script.cut[held].reset is is_reset
    assert chat.heard == []
    chat.desktop.connect(advice={"timeout": 0})
    assert chat.heard == [(1.0, "Invited")]


def test_a_socket_is_cut_and_its_events_wait_for_another() -> None:
    chat = told("reset", where="{step: invited}")
    chat.joins(socket=True)
    socket = chat.desktop.socket
    chat.script.advance(1)

    assert socket in chat.script.cut
    chat.desktop.open_socket()
    chat.desktop.connect(advice={"timeout": 0})
    assert chat.heard == [(1.0, "Invited")]


def test_a_socket_is_closed_with_a_code() -> None:
    chat = told("close-code", where="{step: invited}", settings="{code: 1012, reason: restart}")
    chat.joins(socket=True)
    socket = chat.desktop.socket
    assert socket is not None
    chat.script.advance(1)

    closed = chat.script.closed[socket]
    assert (closed.code, closed.reason) == (1012, "restart")


@pytest.mark.parametrize("socket", [False, True])
def test_on_a_half_open_connection_nothing_passes_any_more(socket: bool) -> None:
    chat = told("half-open", where="{step: accept}")
    chat.joins(socket=socket)
    chat.script.advance(1)
    held = chat.desktop.connect()
    if not socket:
        held = chat.desktop.connect()
    before = len(chat.script.frames.get(held, []))
    chat.accepts()
    chat.script.advance(1)
    if socket:
        chat.desktop.connect()

    assert [state for _, state in chat.heard] == ["Invited"]
    if socket:
        assert held in chat.script.deaf
        assert len(chat.script.frames[held]) == before
    else:
        assert chat.script.waits(held)
        assert held not in chat.script.cut


@pytest.mark.parametrize(("fault", "socket"), [("close-code", False), ("split", True)])
def test_what_cannot_be_on_a_connection_type_says_that_it_did_nothing(fault: str, socket: bool) -> None:
    chat = told(fault, where="{step: invited}")
    chat.joins(socket=socket)
    chat.polls_for(2)

    assert chat.heard == [(1.0, "Invited")]
    (strike,) = chat.strikes
    assert strike["changed"].startswith("nothing: it can be on ")


def test_bandwidth_is_shared_by_all_that_an_agent_gets() -> None:
    chat = told("bandwidth", settings="{rate: 1KB/s}")
    chat.joins()
    chat.script.advance(3)
    look, other = chat.desktop.get("/api/v2/me"), chat.desktop.get("/api/v2/me")
    chat.script.advance(1)

    first, second = chat.script.answer(look), chat.script.answer(other)
    assert (first.body, first.at) == ("me", 3.014)
    assert second.at == 3.018
    assert len(chat.strikes) == 1


def test_cookies_that_are_lost_are_replaced_and_the_client_is_unknown() -> None:
    chat = told("cookie-lost", where="{step: look}", more=", nth: [1]")
    chat.joins()
    held = chat.desktop.connect()
    struck = chat.desktop.get("/api/v2/me")
    chat.script.advance(0.1)
    (refused,) = chat.script.answer(held).body
    again = chat.desktop.get("/api/v2/me")
    chat.script.advance(0.1)

    assert refused["error"] == "402::Unknown client"
    replaced = [
        any(name == "Set-Cookie" for name, _ in chat.script.headers(each)) for each in (struck, again)
    ]
    assert replaced == [True, False]
    assert len(chat.script.simulator.agents.all) == 1


def test_an_expired_login_is_refused_until_somebody_logs_in_again() -> None:
    chat = Told("[{name: bad, fault: login-expired, where: {step: look}, nth: [2]}]", user="")
    desktop = chat.desktop
    desktop.get("/api/v2/me")
    chat.script.advance(0.1)
    chat.joins()
    held = desktop.connect()
    old = dict(desktop.jar)
    struck = desktop.get("/api/v2/me")

    assert chat.script.answer(struck).body == {"statusCode": 20, "statusMessage": "Access denied"}
    assert chat.script.answer(struck).status == 403
    assert ("Set-Cookie", "JSESSIONID=; Path=/; Max-Age=0") in chat.script.headers(struck)
    assert chat.script.answer(held).body[0]["error"] == "402::Unknown client"
    desktop.jar = dict(old)
    assert chat.script.answer(desktop.get("/api/v2/me")).status == 403
    desktop.jar = dict(old)
    assert chat.script.answer(desktop.handshake()).body[0]["error"] == "403::Handshake denied"
    desktop.jar = {name: value for name, value in old.items() if name != "JSESSIONID"}
    let_in = desktop.get("/api/v2/me")
    chat.script.advance(0.1)
    assert chat.script.answer(let_in).status == 200
    assert desktop.jar["JSESSIONID"] != old["JSESSIONID"]
    assert chat.script.answer(desktop.handshake()).body[0]["successful"]
    assert len(chat.script.simulator.agents.all) == 1


def test_a_restarted_server_knows_nobody() -> None:
    chat = told("server-restarted", where="{step: look}", more=", nth: [1]")
    bob = chat.script.desktop("bob")
    for desktop in (chat.desktop, bob):
        desktop.handshake()
        desktop.subscribe("/chats")
        desktop.connect()
    held = [desktop.connect() for desktop in (chat.desktop, bob)]
    chat.desktop.get("/api/v2/me")

    assert all(chat.script.cut[exchange].reset for exchange in held)
    assert [unknown(chat, desktop) for desktop in (chat.desktop, bob)] == ["402::Unknown client"] * 2


def unknown(chat: Told, desktop: Desktop) -> str:
    (failed,) = chat.script.answer(desktop.connect()).body
    return str(failed["error"])


def test_a_server_refuses_new_connections_for_a_time() -> None:
    chat = told("refuse", where="{step: accept}", more=", ttl: 5s")
    chat.joins()
    chat.accepts()
    assert not chat.script.is_open
    chat.script.advance(4.9)
    assert not chat.script.is_open
    chat.script.advance(0.1)

    assert chat.script.is_open
    assert [state for _, state in chat.heard] == []


def test_a_server_goes_down_by_the_clock() -> None:
    chat = told("refuse", more=", from: 2s, ttl: 1s")
    chat.joins()
    seen = []
    for _ in range(4):
        seen.append(chat.script.is_open)
        chat.script.advance(1)

    assert seen == [True, True, False, True]
    assert chat.strikes == [{"rule": "bad", "fault": "refuse", "ttl": "1s", "since": 2.0, "step": ""}]


def test_what_is_sent_across_a_parted_network_arrives_when_it_is_one_again() -> None:
    chat = told("partition", where="{step: invited}", more=", ttl: 3s")
    chat.joins()
    held = chat.desktop.connect()
    chat.script.advance(1)
    accept = chat.accepts()
    chat.script.advance(2.9)

    assert chat.script.waits(held)
    assert chat.script.waits(accept)
    chat.script.advance(0.1)
    assert chat.heard == [(4.0, "Invited")]
    chat.script.advance(0.05)
    assert chat.script.answer(accept).at == 4.05


def test_who_gave_up_meanwhile_is_not_answered() -> None:
    chat = told("partition", where="{step: invited}", more=", ttl: 3s")
    chat.joins()
    held = chat.desktop.connect()
    chat.script.advance(2)
    chat.desktop.leave(held)
    chat.script.advance(2)
    chat.polls_for(0.1)

    # The event went into the line before its client gave up: it is lost, as it would be.
    assert chat.heard == [(4.0, "Invited")]
