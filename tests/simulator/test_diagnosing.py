"""What a failed test prints: typical mistakes, each told in the first line, and never very much."""

from __future__ import annotations

import pytest

from replay.simulator.diagnosing import WIDTH, diagnosis
from replay.simulator.options import Options
from replay.simulator.resetting import WHATS, reset
from replay.testing import Script, scenario

from .snapshots import MISTAKES, path_of, text_of

LINES = 40

FIRST = {
    "wrong_id": "ask /api/v2/me/chats/",
    "accept_twice": "ask 'accept' only once",
    "not_subscribed": "subscribe to /v2/me/chats",
    "wrong_nickname_field": "rename body.nickName to body.nickname",
    "polled_too_late": "poll again within 10s",
}
"""How the first line begins that says what to change."""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_as_it_is_kept(name: str) -> None:
    assert text_of(MISTAKES[name]) == path_of(name).read_text("utf-8")


@pytest.mark.parametrize("name", FIRST)
def test_the_first_line_says_what_to_change(name: str) -> None:
    assert text_of(MISTAKES[name]).startswith(FIRST[name])


def test_a_mistake_that_was_put_right_is_not_what_to_change() -> None:
    script = Script(scenario("steps: [{id: accept, request: POST /accept}, {id: done, request: POST /done}]"))
    desktop = script.desktop("kim")
    desktop.post("/acept", {})
    desktop.post("/accept", {})

    assert diagnosis(script.simulator, script.now).startswith("ask 'done': ")


def test_a_second_click_that_is_taken_for_a_retry_is_named_where_nothing_else_is_wrong() -> None:
    script = Script(scenario("steps: [{id: accept, request: POST /accept}]"))
    desktop = script.desktop("kim")
    for _ in range(2):
        desktop.post("/accept", {})

    first = diagnosis(script.simulator, script.now).split("\n")[0]
    assert first.startswith("ask 'accept' only once: the same request came again soon, was taken for a retry")


def test_a_request_that_is_like_no_step_does_not_hide_that_nobody_subscribed() -> None:
    script = Script(scenario("steps: [{id: news, push: /news, data: 1}]"))
    desktop = script.desktop("kim")
    desktop.handshake()
    desktop.get("/favicon.ico")

    first = "subscribe to /news: 'news' waits until somebody subscribes to /news"
    assert diagnosis(script.simulator, script.now).split("\n")[0] == first


def first_line(script: Script) -> str:
    return diagnosis(script.simulator, script.now).split("\n")[0]


def test_who_goes_on_without_a_handshake_or_after_its_end_is_told_to_shake_hands() -> None:
    script = Script(scenario("steps: [{id: accept, request: POST /accept}]"))
    desktop = script.desktop("kim")
    desktop.say(b'[{"channel": "/meta/connect", "connectionType": "long-polling"}]')
    assert first_line(script) == "shake hands first: /meta/connect came without a clientId"

    desktop.handshake()
    assert first_line(script).startswith("ask 'accept'")

    desktop.disconnect()
    desktop.connect()
    assert (
        first_line(script) == "shake hands anew: /meta/connect came with the clientId of nobody who is here"
    )


def test_bayeux_that_is_sent_elsewhere_is_told_where_cometd_is() -> None:
    script = Script(scenario("steps: [{id: news, push: /news, data: 1}]"))
    desktop = script.desktop("kim")
    desktop.post("/elsewhere", [{"channel": "/meta/handshake", "version": "1.0"}])

    mount = next(iter(script.simulator.mounts))
    assert first_line(script).startswith(
        f"dial CometD at {mount}, not at /elsewhere (asked was POST /elsewhere"
    )


def test_who_waits_for_an_answer_on_a_clock_that_stands_is_told_to_move_it() -> None:
    steps = "steps: [{id: news, push: /news, data: 1}, {id: me, request: GET /me, respond: {after: 2s}}]"
    script = Script(scenario(steps), options=Options(is_moved_by_hand=True))
    script.desktop("kim").get("/me")

    assert (
        first_line(script) == "move the clock by 2s: 'me' is asked, and answered only when the clock is moved"
    )
    script.advance(2)
    assert first_line(script).startswith("shake hands and subscribe to /news")


def test_who_waits_for_an_event_on_a_clock_that_stands_is_told_to_move_it() -> None:
    steps = "steps: [{id: news, push: /news, after: start + 2s, data: 1}, {id: me, request: GET /me}]"
    script = Script(scenario(steps), options=Options(is_moved_by_hand=True))
    desktop = script.desktop("kim")
    desktop.handshake()
    desktop.subscribe("/news")

    assert first_line(script).startswith("move the clock by 2s: story#1 of kim: news (it comes in 2s")


def test_a_request_for_the_api_that_is_no_step_is_told_before_an_event_that_waits_for_a_poll() -> None:
    script = Script(scenario("steps: [{id: news, push: /news, data: 1}]"))
    desktop = script.desktop("kim")
    desktop.handshake()
    desktop.subscribe("/news")
    desktop.post("/api/v2/me/chats/7", {"operationName": "Complete"})

    assert first_line(script).startswith(
        "add a step to the scenario: none is like POST /api/v2/me/chats/7 Complete"
    )


def test_another_server_that_does_not_answer_is_told_first_and_what_it_has_answered_is_no_mistake() -> None:
    script = Script(scenario("steps: [{id: news, push: /news, data: 1}]"), options=Options(forward=True))
    desktop = script.desktop("kim")
    desktop.handshake()
    desktop.subscribe("/news")
    script.hear_upstream(desktop.get("/api/v2/one"), {})
    assert first_line(script).startswith("poll: an event waits")

    why = "the upstream http://gws cannot be reached: connection refused"
    script.hear_upstream(desktop.get("/api/v2/two"), failure=why)

    assert first_line(script) == f"see to the real server: {why} (asked was GET /api/v2/two)"
    assert f"GET /api/v2/two answered 502: {why}"[:60] in diagnosis(script.simulator, script.now)


def test_of_several_agents_it_is_said_whose_events_wait() -> None:
    script = Script(scenario("steps: [{id: news, push: /news, data: 1}]"))
    for user in ("ann", "bob"):
        desktop = script.desktop(user)
        desktop.handshake()
        desktop.subscribe("/news" if user == "ann" else "/other")
        desktop.connect(advice={"timeout": 0})

    assert diagnosis(script.simulator, script.now).split("\n")[0].endswith("subscribes to /news (bob)")


def test_what_was_forgotten_by_a_reset_is_not_counted() -> None:
    script = Script(scenario("steps: [{id: accept, request: POST /accept}]"))
    for _ in range(20):
        script.desktop("kim").get("/nothing")
    script.direct(lambda simulator, now: reset(simulator, WHATS, now), "reset")
    script.desktop("kim").post("/accept", {})

    said = diagnosis(script.simulator, script.now)
    assert said.startswith("nothing here went wrong: all plays are over; look at the client")
    assert "what happened:" in said


def test_whatever_has_happened_it_is_short_and_does_no_harm_to_a_terminal() -> None:
    pushes = "".join(f"\n  - {{id: p{at}, push: /a/{at}, data: 1}}" for at in range(50))
    expect = "".join(f"\n  - {{step: p{at}, times: 3}}" for at in range(50))
    script = Script(scenario(f"expect:{expect}\nsteps:{pushes}"))
    for at in range(20):
        desktop = script.desktop(f"\x1b[31m{at}" + "x" * 300)
        desktop.handshake()
        desktop.subscribe("/a/1")
        desktop.post(f"/{at}/" + "\x1b[2J\n" * 500, {})

    lines = diagnosis(script.simulator, script.now).split("\n")

    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert all(map(str.isprintable, lines))
