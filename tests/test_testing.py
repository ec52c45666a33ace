"""What `replay.testing` gives to tests: exact times, and failures that show the conversation."""

from __future__ import annotations

import pytest

from replay.errors import ScenarioError
from replay.testing import Event, Reply, Script, scenario

STORY = """
    steps:
      - {id: hello, push: /a, after: start + 1s, data: hi}
      - {id: x, request: POST /x, respond: {after: 0.1s, body: {ok: true}}}
"""


def test_a_scenario_needs_no_head_and_no_steps() -> None:
    assert scenario("about: nothing").name == "story"
    assert [step.id for step in scenario(STORY, name="other").steps] == ["hello", "x"]


def test_a_scenario_that_is_wrong_says_where() -> None:
    with pytest.raises(ScenarioError, match="no step is called 'nowhere'"):
        scenario("steps: [{id: a, push: /a, after: nowhere, data: 1}]")


def test_a_conversation_reads_line_by_line() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.connect()
    held = desktop.connect()
    exchange = desktop.post("/x", {"n": 1})
    script.advance(1)
    desktop.leave(desktop.connect())

    lines = [line[:36].rstrip() for line in str(script).splitlines()]
    assert lines == [
        '     0.000 ->  1: [{"id":"1","channe',
        '     0.000  <- 1: 200 [{"channel":"/',
        '     0.000 ->  2: [{"id":"2","channe',
        '     0.000  <- 2: 200 [{"channel":"/',
        '     0.000 ->  3: [{"id":"3","channe',
        '     0.000  <- 3: 200 [{"channel":"/',
        '     0.000 ->  4: [{"id":"4","channe',
        '     0.000 ->  5: POST /x {"n":1}',
        '     0.100  <- 5: 200 {"ok":true}',
        '     1.000  <- 4: 200 [{"channel":"/',
        '     1.000 ->  6: [{"id":"5","channe',
        "     1.000 ->  6: lost",
    ]
    assert script.answer(exchange) == Reply(0.1, {"ok": True})
    assert script.answer(held).at == 1.0
    assert desktop.events == [Event(1.0, "/a", "hi")]


def test_a_failure_shows_what_was_expected_what_came_and_the_conversation() -> None:
    script = Script(scenario(STORY))
    exchange = script.desktop().get("/y")

    with pytest.raises(AssertionError) as caught:
        script.expect(script.answer(exchange).status, 200)

    assert str(caught.value).splitlines()[:3] == [
        "expected 200",
        "     got 404",
        "     0.000 ->  1: GET /y ",
    ]


def test_an_answer_that_has_not_come_is_a_failure_that_shows_the_conversation() -> None:
    script = Script(scenario(STORY))
    exchange = script.desktop().post("/x", {})

    with pytest.raises(AssertionError, match=r"exchange 1 is not answered yet\n +0\.000 ->  1: POST /x"):
        script.answer(exchange)


def test_an_event_beside_the_scenario_reaches_only_who_listens() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop()
    script.push(desktop, "/b", 1)
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/b")
    for channel in ("/a", "/b"):
        script.push(desktop, channel, 2)

    assert desktop.events == [Event(0.0, "/b", 2)]


def test_long_lines_are_cut() -> None:
    script = Script(scenario(STORY))
    script.desktop().say(b"x" * 1_000)

    assert str(script).splitlines()[0].endswith("x… (1000 characters)")
