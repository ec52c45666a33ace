"""Requests that no step is and that go to another server: which, as what, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

STORY = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  number: {recorded: 17, make: counter}
  me: {recorded: 009052C5E743004C, make: participant-id}
session: [{id: who, request: GET /me, respond: {body: "${me}"}}]
steps:
  - {id: hello, push: /a, data: "${chat} ${number}"}
  - {id: accept, request: "POST /chats/${chat}", body: {do: Accept}, respond: {body: accepted}}
  - {id: done, request: POST /done, needs: [accept]}
"""


@pytest.fixture
def script() -> Script:
    return Script(scenario(STORY), options=Options(forward=True))


@pytest.fixture
def ann(script: Script) -> Desktop:
    ann = script.desktop()
    ann.get("/me")
    return ann


def answers(script: Script) -> list[dict[str, Any]]:
    return [entry.detail for entry in script.simulator.journal if entry.kind == "answer" and entry.detail]


def test_what_no_step_is_waits_for_the_upstream_and_gets_its_answer(script: Script, ann: Desktop) -> None:
    exchange = ann.get("/contacts?name=Bo")
    assert script.waits(exchange)
    request = script.forwarded[exchange].request
    assert (request.method, request.path, request.query) == ("GET", "/contacts", (("name", "Bo"),))
    script.hear_upstream(exchange, ["Bob"], status=203, headers=(("X-Kept", "1"),))
    assert (script.answer(exchange).status, script.answer(exchange).body) == (203, ["Bob"])
    assert script.headers(exchange) == (("X-Kept", "1"),)
    assert answers(script)[-1] == {"request": "GET /contacts", "status": 203, "by": "upstream"}
    assert script.simulator.journal.counts["miss"] == 1


def test_without_an_answer_the_miss_says_why(script: Script, ann: Desktop) -> None:
    exchange = ann.get("/contacts")
    script.hear_upstream(exchange, failure="the upstream refused the connection")
    reply = script.answer(exchange)
    assert reply.status == 502
    assert reply.body["replay"]["forward"] == "the upstream refused the connection"
    assert "no step is like GET /contacts" in reply.body["replay"]["why"]
    assert answers(script)[-1]["why"] == "the upstream refused the connection"


def test_a_step_that_cannot_be_answered_now_is_not_lacking(script: Script, ann: Desktop) -> None:
    (chat,) = (
        value for value in script.simulator.agents.all[0].plays[0].values.values() if len(str(value)) > 9
    )
    early = script.answer(ann.post("/done", {}))
    assert "not reached yet" in early.body["replay"]["why"]
    ann.post(f"/chats/{chat}", {"do": "Accept"})
    script.advance(5)
    again = script.answer(ann.post(f"/chats/{chat}", {"do": "Accept"}))
    assert "already answered" in again.body["replay"]["why"]
    assert script.forwarded == {}


def test_nobody_shakes_hands_with_the_upstream(script: Script, ann: Desktop) -> None:
    exchange = ann.post("/other/cometd", [{"channel": "/meta/handshake", "version": "1.0"}])
    assert script.answer(exchange).status == 404
    assert not script.waits(exchange)
    assert script.forwarded == {}


def test_nothing_is_forwarded_unless_it_was_asked_for() -> None:
    script = Script(scenario(STORY))
    assert script.answer(script.desktop().get("/contacts")).status == 404
    assert script.forwarded == {}


def test_our_own_cookies_stay_here_and_those_of_others_go_on(script: Script, ann: Desktop) -> None:
    ann.handshake()
    ours = dict(ann.jar)
    assert len(ours) == 2
    ann.jar["theirs"] = "abc"
    exchange = ann.get("/contacts")
    assert script.forwarded[exchange].request.headers["cookie"] == "theirs=abc"
    del ann.jar["theirs"]
    assert "cookie" not in script.forwarded[ann.get("/contacts")].request.headers


def test_who_gets_the_upstreams_session_cookie_in_place_of_ours_is_still_known(
    script: Script, ann: Desktop
) -> None:
    bob = script.desktop("bob")
    bob.handshake()
    name = script.simulator.timelines[0].profile.session_cookie
    exchange = ann.get("/login")
    script.hear_upstream(exchange, headers=(("Set-Cookie", f"{name}=theirs; Path=/"),))
    assert ann.jar[name] == "theirs"
    exchange = ann.get("/contacts")
    assert script.forwarded[exchange].request.headers["cookie"] == f"{name}=theirs"
    assert len(script.simulator.agents.all) == 2


def test_it_tells_of_which_play_and_what_was_made_for_it(script: Script, ann: Desktop) -> None:
    play = script.simulator.agents.all[0].plays[0]
    chat = play.values["chat"]
    setting = script.forwarded[ann.get(f"/chats/{chat}/notes")].setting
    me = script.simulator.agents.all[0].sessions[0].values["me"]
    assert (setting.place, setting.role) == (0, "")
    assert setting.names == {chat: "chat", me: "me"}
    assert setting.counters == {17: "number"}


def test_a_request_that_has_been_forwarded_comes_no_further(script: Script, ann: Desktop) -> None:
    class Proxied(Desktop):
        @property
        def headers(self) -> dict[str, str]:
            return super().headers | {"via": "1.1 gws-replay"}

    looped = Proxied(script, user="", cookies=True, base_url="http://localhost:8090")
    reply = script.answer(looped.get("/contacts"))
    assert reply.status == 502
    assert "leads back here" in reply.body["replay"]["forward"]


def test_an_answer_for_somebody_who_has_gone_is_dropped(script: Script, ann: Desktop) -> None:
    exchange = ann.get("/contacts")
    ann.leave(exchange)
    script.hear_upstream(exchange, [])
    script.hear_upstream(exchange, [])
    assert script.waits(exchange)


def test_what_is_said_to_this_server_alone_goes_no_further(script: Script, ann: Desktop) -> None:
    ann.fault = "hang"
    exchange = ann.get("/contacts")
    assert "x-replay-fault" not in script.forwarded[exchange].request.headers
