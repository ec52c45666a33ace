"""Logins, tokens and recoveries of the library, as a desktop that nobody here wrote would go about them."""

from __future__ import annotations

from typing import Any

import pytest

from replay.simulator.plays import RETRY
from replay.testing import Desktop, Script
from tests.library.coverage import scenarios

DENIED = 403, {"statusCode": 20, "statusMessage": "Access denied"}
NO_TOKEN = 403, b"Missing or invalid Csrf token"
OK = 200, {"statusCode": 0}
NOT_READY = {"operationName": "NotReady"}


def told(script: Script, exchange: int) -> tuple[int, Any]:
    """Status and body of an answer."""
    script.advance(1)
    return script.answer(exchange).status, script.answer(exchange).body


def comes(*names: str, user: str = "") -> tuple[Script, Desktop]:
    script = Script(*(scenarios()[name] for name in names))
    return script, script.desktop(user)


def test_a_client_that_waits_to_be_asked_for_its_login_is_never_let_in() -> None:
    script, desktop = comes("session/forbidden")

    assert told(script, desktop.get("/api/v2/me")) == DENIED
    assert told(script, desktop.handshake())[0] == 403
    assert told(script, desktop.get("/api/v2/me")) == DENIED


def test_a_client_that_sends_its_login_unasked_is_known_by_its_cookie_from_then_on() -> None:
    script, desktop = comes("session/forbidden", user="marat")
    status, body = told(script, desktop.get("/api/v2/me"))
    beside = script.desktop()
    beside.jar = dict(desktop.jar)

    assert (status, body["user"]["userName"]) == (200, "agent1")
    assert told(script, beside.post("/api/v2/me", {"operationName": "Ready"})) == OK


def test_a_desktop_needs_the_token_for_whatever_changes_something_and_for_cometd() -> None:
    script, desktop = comes("session/csrf")
    without = told(script, desktop.post("/api/v2/me", NOT_READY)), told(script, desktop.handshake())
    me = desktop.get("/api/v2/me")
    script.advance(1)
    headers = dict(script.headers(me))
    desktop.brings[headers["X-CSRF-HEADER"].lower()] = headers["X-CSRF-TOKEN"]
    desktop.handshake()
    desktop.subscribe("/v2/me/channels")
    ready = told(script, desktop.post("/api/v2/me", NOT_READY))
    desktop.connect(advice={"timeout": 0})

    assert without == (NO_TOKEN, NO_TOKEN)
    assert ready == OK
    assert [event.data["messageType"] for event in desktop.events] == ["ChannelStateChangeMessageV2"]


def test_workspace_asks_without_a_login_first_and_once() -> None:
    script, desktop = comes("session/wwe")
    path = "/api/v2/me?subresources=features,devices,channels"

    assert told(script, desktop.get(path)) == DENIED
    assert [told(script, desktop.get(path))[0] for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "subresources",
    [
        "features,devices,channels",
        "features,devices,channels,settings",
        "*",
        "devices,calls,channels,interactions,chats",
    ],
)
def test_who_am_i_is_answered_with_what_was_asked_for(subresources: str) -> None:
    script, desktop = comes("session/me-variants")
    _, body = told(script, desktop.get(f"/api/v2/me?subresources={subresources}"))
    wanted = {"features", "devices", "channels", "settings", "calls", "chats"}
    if subresources != "*":
        wanted = set(subresources.split(","))

    kinds = {"features", "devices", "channels", "settings", "calls", "chats", "interactions"}
    assert kinds & set(body["user"]) == wanted


def test_a_desktop_that_was_forgotten_finds_its_chat_and_all_that_was_said() -> None:
    script, desktop = comes("session/recovery", user="marat")
    desktop.handshake()
    desktop.subscribe("/v2/me/chats")
    desktop.connect(advice={"timeout": 0})
    script.advance(2)
    desktop.connect()
    chat = desktop.events[0].data["chat"]["id"]
    told(script, desktop.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept", "nickname": "Ada"}))
    forgotten = script.answer(desktop.connect()).body[-1]
    desktop.handshake()
    desktop.subscribe("/v2/me/chats")
    _, chats = told(script, desktop.get("/api/v2/me/chats?fields=*"))
    _, said = told(script, desktop.get(f"/api/v2/me/chats/{chat}/messages"))

    assert (forgotten["error"], forgotten["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
    assert [(each["id"], each["state"]) for each in chats["chats"]] == [(chat, "Chatting")]
    assert len(chats["chats"][0]["participants"]) == 2
    assert [message["index"] for message in said["messages"]] == [1, 2, 3, 4, 5, 6]


def test_who_has_logged_out_is_refused() -> None:
    script, desktop = comes("session/logout")
    desktop.handshake()
    desktop.subscribe("/v2/me/channels")

    assert told(script, desktop.post("/api/v2/me", {"operationName": "EndContactCenterSession"})) == OK
    assert told(script, desktop.get("/api/v2/me?subresources=*")) == DENIED


@pytest.mark.parametrize(
    ("path", "operation"), [("/api/v2/me", "Ready"), ("/api/v2/me/channels/chat", "NotReady")]
)
def test_a_desktop_that_goes_and_comes_back_hears_of_it_whatever_else_is_played(
    path: str, operation: str
) -> None:
    script, desktop = comes("accept-chat", "session/desktop")
    desktop.handshake()
    desktop.subscribe("/v2/me/channels")
    desktop.connect(advice={"timeout": 0})
    for _ in range(2):
        told(script, desktop.post(path, {"operationName": operation}))
        script.advance(RETRY)
    desktop.connect()

    states = [event.data["channels"][-1]["userState"]["state"] for event in desktop.events]
    assert states == [operation] * 2
