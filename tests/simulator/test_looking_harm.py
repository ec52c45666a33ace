"""Who waits for what while rules strike: nobody is told that a client has not done what it has."""

from __future__ import annotations

import pytest

from replay.simulator import looking
from replay.simulator.undelivered import undelivered
from replay.simulator.waiting import AgentState
from replay.testing import Desktop, Script, scenario

STORY = """
steps:
  - {id: invited, push: /a, after: start + 1s, data: 1}
  - {id: accept, request: POST /accept, needs: [invited], respond: {after: 100ms}}
  - {id: chatting, push: /a, after: accept.response + 1s, data: 2}
"""


def story(rule: str) -> Script:
    return Script(scenario(f"faults: [{{name: bad, {rule}}}]\n{STORY}"))


def look(script: Script) -> AgentState:
    simulator = script.simulator
    return script.direct(lambda _, now: looking.state(simulator, simulator.agents.all[0], now), "look")


def invited(script: Script) -> Desktop:
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.connect(advice={"timeout": 0})
    desktop.connect()
    script.advance(1)
    return desktop


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        ("hang", ": no answer"),
        ("reset", ": reset"),
        ("status", ": 503 instead of 200"),
        ("login-expired", ""),
    ],
)
def test_who_has_asked_in_vain_is_not_said_to_have_asked_nothing(fault: str, changed: str) -> None:
    script = story(f"fault: {fault}, where: {{step: accept}}, first: 1")
    desktop = invited(script)
    desktop.post("/accept", {})

    (_, play) = look(script).stories
    accept, chatting = play.next
    assert accept.why.startswith(f"'bad' struck it{changed}")
    assert accept.why.endswith("nobody has asked POST /accept again")
    assert chatting.why.startswith(f"waits for accept ('bad' struck it{changed}")
    (told, *_) = undelivered(script.simulator)[0]
    assert "nobody has asked" not in told.why
    assert "'bad' struck it" in told.why


def test_what_a_rule_did_is_forgotten_once_the_step_takes_place_without_it() -> None:
    script = story("fault: status, where: {step: accept}, first: 1")
    desktop = invited(script)
    for _ in range(2):
        desktop.post("/accept", {})
        script.advance(5)

    now = look(script)
    assert [each.struck for each in now.stories[1].done] == ["", "", ""]
    assert now.waits_for == "nothing: all that it plays is over"


@pytest.mark.parametrize(
    ("fault", "changed"), [("drop", ": not told"), ("garble", ": no JSON"), ("half-open", "")]
)
def test_an_invite_that_a_rule_has_lost_is_told_of_where_the_accept_is_missed(
    fault: str, changed: str
) -> None:
    script = story(f"fault: {fault}, where: {{step: invited}}")
    invited(script)

    now = look(script)
    assert now.waits_for == f"accept: nobody has asked POST /accept ('bad' struck invited{changed})"
    assert [each.struck for each in now.stories[1].done] == [f"'bad' struck it{changed}"]


def test_an_answer_that_a_rule_changes_says_so_before_and_after() -> None:
    script = story("fault: latency, where: {step: accept}, settings: {delay: 5s}")
    invited(script).post("/accept", {})

    assert look(script).waits_for == "accept: its answer comes in 100ms, but 'bad' changes it then"
    script.advance(0.1)
    assert look(script).waits_for == (
        "chatting: it comes in 1s, after the answer to accept ('bad' struck accept: 5s later)"
    )


def test_a_rule_that_comes_too_late_to_change_anything_has_done_nothing() -> None:
    text = (
        "{name: bad, fault: drop, where: {step: invited}}, {name: late, fault: delay, where: {step: invited}}"
    )
    script = Script(scenario(f"faults: [{text}]\n{STORY}"))
    invited(script)

    assert look(script).stories[1].done[0].struck == "'bad' struck it: not told"


def test_a_network_in_two_parts_is_what_everybody_waits_for() -> None:
    script = story("fault: partition, from: 500ms, ttl: 5s")
    invited(script)

    assert look(script).waits_for == (
        "waits until the network is whole again: 'bad' lets nothing pass for 4.5s"
    )
    script.advance(5)
    assert look(script).waits_for.startswith("accept: nobody has asked POST /accept")


def test_who_is_not_connected_is_told_that_new_connections_are_refused() -> None:
    script = story("fault: refuse, from: 500ms, ttl: 5s")
    desktop = invited(script)
    refused = "waits until it can connect: 'bad' refuses new connections for 4.5s"

    assert look(script).waits_for == refused
    script = story("fault: refuse, from: 1500ms, ttl: 5s")
    desktop = invited(script)
    desktop.connect()
    script.advance(1)
    assert look(script).waits_for == "accept: nobody has asked POST /accept"
