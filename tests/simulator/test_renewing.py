"""Scenarios that change while they are played: what goes on as it was, and what is new."""

from __future__ import annotations

from typing import Any

import pytest

from replay.entries import read
from replay.errors import UsageError
from replay.plan.timeline import plan
from replay.simulator.options import Options
from replay.simulator.resetting import reset
from replay.testing import Desktop, Script, scenario

STORY = """
variables: {{chat: {{recorded: 0000Na9B26EF002X, make: interaction-id}}}}
session:
  - {{id: ready, request: POST /me, respond: {{body: "{word}"}}}}
steps:
  - {{id: invited, push: /chats, after: start and ready + 1s, data: {{say: "{word}", chat: "${{chat}}"}}}}
  - {{id: accept, request: "POST /chats/${{chat}}", repeat: last, respond: {{body: "{word}"}}}}
  - {{id: chatting, push: /chats, after: accept + 2s, data: {{say: "{word}"}}}}
"""


def told(word: str) -> str:
    return STORY.format(word=word)


def renew(script: Script, text: str, *, name: str = "story", place: int = 0) -> None:
    """The scenario changes between two inputs."""
    timeline = plan(scenario(text, name=name))
    script.steer(
        lambda _, now: script.simulator.renewing.renew(place, timeline, now, file="story.yaml"), "renewed"
    )


def come(script: Script, user: str) -> Desktop:
    """An agent who listens and is ready."""
    desktop = script.desktop(user)
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/chats")
    desktop.post("/me", {})
    return desktop


def offer(script: Script, user: str) -> None:
    """One more play for an agent who is here."""
    simulator = script.simulator
    (agent,) = (each for each in simulator.agents.all if each.name == user)
    script.steer(lambda _, now: simulator.casting.offer(agent, simulator.timelines[0], now), "offered")


def said(desktop: Desktop) -> list[str]:
    return [event.data["say"] for event in desktop.events]


def chat_of(desktop: Desktop, at: int = 0) -> str:
    return [event.data["chat"] for event in desktop.events if "chat" in event.data][at]


def entries(script: Script, kind: str) -> list[dict[str, Any]]:
    return [entry.detail for entry in script.simulator.journal if entry.kind == kind]


def test_a_play_that_has_begun_finishes_on_the_old_one_and_who_comes_gets_the_new() -> None:
    script = Script(scenario(told("old")))
    ann = come(script, "ann")
    script.advance(1)
    renew(script, told("new"))
    exchange = ann.post(f"/chats/{chat_of(ann)}", {})
    bob = come(script, "bob")
    script.advance(5)
    assert script.answer(exchange).body == "old"
    assert said(ann) == ["old", "old"]
    assert said(bob) == ["new"]
    assert script.answer(bob.post(f"/chats/{chat_of(bob)}", {})).body == "new"


def test_an_event_that_is_under_way_is_told_as_it_was() -> None:
    script = Script(scenario(told("old")))
    ann = come(script, "ann")
    script.advance(0.5)
    renew(script, "steps: []")
    script.advance(1)
    assert said(ann) == ["old"]


def test_a_play_offered_to_who_is_here_goes_by_the_new_and_what_it_has_done_counts() -> None:
    script = Script(scenario(told("old")))
    ann = come(script, "ann")
    script.advance(1)
    renew(script, told("new"))
    offer(script, "ann")
    script.advance(1)
    assert said(ann) == ["old", "new"]
    assert chat_of(ann) != chat_of(ann, 1)
    assert [entry.play for entry in script.simulator.journal if entry.kind == "play"] == [
        "story#1",
        "story#2",
    ]
    assert [script.answer(ann.post(f"/chats/{chat_of(ann, at)}", {})).body for at in (0, 1)] == ["old", "new"]


def test_what_is_done_in_the_new_session_counts_for_plays_of_the_old() -> None:
    script = Script(scenario(told("old")))
    ann = script.desktop("ann")
    ann.open_socket()
    ann.handshake()
    ann.subscribe("/chats")
    renew(script, told("new"))
    offer(script, "ann")
    exchange = ann.post("/me", {})
    script.advance(1)
    assert script.answer(exchange).body == "new"
    assert sorted(said(ann)) == ["new", "old"]
    assert len(entries(script, "request")) == 1


def test_what_only_the_old_session_asks_is_answered_as_before() -> None:
    script = Script(scenario(told("old")))
    ann = script.desktop("ann")
    ann.open_socket()
    ann.handshake()
    ann.subscribe("/chats")
    renew(script, told("new").replace("POST /me", "POST /ready"))
    offer(script, "ann")
    assert script.answer(ann.post("/me", {})).body == "old"
    script.advance(1)
    assert sorted(said(ann)) == ["new", "old"]


def test_an_event_that_is_new_in_the_session_waits_for_the_next_time() -> None:
    text = """
    session:
      - {id: ready, request: POST /me, repeat: last}
      %s
    steps: [{id: hi, push: /chats, data: {say: hi}}]
    """
    script = Script(scenario(text % ""))
    ann = come(script, "ann")
    renew(script, text % "- {id: active, push: /chats, after: ready, data: {say: active}}")
    offer(script, "ann")
    assert said(ann) == ["hi", "hi"]
    ann.post("/me", {})
    script.advance(3)
    ann.post("/me", {})
    assert said(ann) == ["hi", "hi", "active", "active"]


def test_ids_of_a_session_stay_and_variables_that_are_new_get_theirs() -> None:
    text = """
    variables: {me: {recorded: 009052C5E743004C, make: participant-id}, %s}
    session: [{id: who, request: GET /me, respond: {body: [%s]}}]
    steps: [{id: hi, push: /chats, data: hi}]
    """
    script = Script(scenario(text % ("x: {recorded: 1}", '"${me}"')))
    ann = script.desktop("ann")
    ann.handshake()
    (before,) = script.answer(ann.get("/me")).body
    renew(script, text % ("x: {recorded: 009052C5E743004D, make: participant-id}", '"${me}", "${x}"'))
    offer(script, "ann")
    me, more = script.answer(ann.get("/me")).body
    assert me == before
    assert more not in {before, "009052C5E743004D"}


def test_a_renamed_scenario_takes_the_place_of_the_old_and_numbers_go_on() -> None:
    script = Script(scenario(told("old")))
    ann = come(script, "ann")
    renew(script, told("new"), name="other")
    offer(script, "ann")
    script.advance(1)
    assert sorted(said(ann)) == ["new", "old"]
    assert [play.label for play in script.simulator.agents.all[0].plays] == ["story#1", "other#2"]
    assert entries(script, "scenario") == [
        {"name": "other", "file": "story.yaml", "changed": "new plays go by it", "was": "story"}
    ]


def test_a_journal_that_tells_of_a_change_can_be_read() -> None:
    script = Script(scenario(told("old")))
    renew(script, told("new"))
    assert read(script.simulator.journal.lines(), "journal").entries == tuple(script.simulator.journal)


def test_a_scenario_cannot_take_the_name_of_another() -> None:
    script = Script(scenario(told("one"), name="one"), scenario(told("two"), name="two"))
    with pytest.raises(UsageError, match="two scenarios are named 'two'"):
        renew(script, told("new"), name="two")
    assert [each.name for each in script.simulator.timelines] == ["one", "two"]


def test_what_is_refused_changes_nothing_and_stands_in_the_journal() -> None:
    script = Script(scenario(told("old")))
    renewing = script.simulator.renewing
    problem = "story.yaml:3:1: unknown key 'stesp'."
    script.steer(lambda _, now: renewing.refuse(0, [problem], now, file="story.yaml"), "refused")
    assert entries(script, "scenario") == [{"name": "story", "file": "story.yaml", "problems": [problem]}]
    assert renewing.refused == {"story.yaml": (problem,)}
    renew(script, told("new"))
    assert renewing.refused == {}
    ann = come(script, "ann")
    script.advance(1)
    assert said(ann) == ["new"]


SHARED = """
variables: {{chat: {{recorded: 0000Na9B26EF002X, make: interaction-id}}}}
steps:
  - {{id: first, agent: a, push: /chats, data: {{say: "{word} a"}}}}
  - {{id: second, agent: b, push: /chats, data: {{say: "{word} b"}}}}
"""


def test_a_free_role_of_an_old_play_is_taken_before_a_new_play_begins() -> None:
    script = Script(scenario(SHARED.format(word="old")))
    ann = come(script, "ann")
    renew(script, SHARED.format(word="new"))
    others = [come(script, user) for user in ("bob", "cyd")]
    assert [said(each) for each in (ann, *others)] == [["old a"], ["old b"], ["new a"]]


def test_a_story_that_loses_its_roles_still_fills_the_play_that_waits() -> None:
    script = Script(scenario(SHARED.format(word="old")))
    come(script, "ann")
    renew(script, told("new"))
    bob, cyd = (come(script, user) for user in ("bob", "cyd"))
    script.advance(1)
    assert said(bob) == ["old b"]
    assert said(cyd) == ["new"]
    assert not script.simulator.casting.awaits_somebody


RULED = """
faults: [{%s}]
steps:
  - {id: a, request: GET /a, respond: {body: 1}}
"""
SECOND = "name: slip, fault: status, where: {step: a}, settings: {status: %d}, nth: 2"


def statuses(script: Script, desktop: Desktop, times: int) -> list[int]:
    found = []
    for _ in range(times):
        exchange = desktop.get("/a")
        script.advance(3)
        found.append(script.answer(exchange).status)
    return found


def test_a_rule_that_is_the_same_still_goes_on_counting() -> None:
    script = Script(scenario(RULED % (SECOND % 503)))
    ann = script.desktop("ann")
    assert statuses(script, ann, 1) == [200]
    renew(script, RULED % (SECOND % 401))
    assert statuses(script, ann, 2) == [401, 200]


def test_a_rule_that_is_gone_strikes_no_more_and_one_that_is_new_strikes_old_plays_too() -> None:
    script = Script(scenario(RULED % "name: all, fault: status, settings: {status: 503}"))
    ann = script.desktop("ann")
    assert statuses(script, ann, 1) == [503]
    renew(script, RULED % "name: other, fault: status, settings: {status: 429}")
    assert statuses(script, ann, 1) == [429]
    assert script.simulator.switching.tallies() == {"other": 1, "all": 1}


def test_rules_are_asked_in_the_order_in_which_the_changed_file_has_them() -> None:
    script = Script(scenario(RULED % "name: b, fault: latency"), options=Options())
    renew(script, RULED % "name: a, fault: latency}, {name: b, fault: latency}, {name: c, fault: latency")
    assert [rule.name for rule in script.simulator.faulting.striking.rules] == ["a", "b", "c"]


def test_a_reset_begins_with_what_is_played_now() -> None:
    script = Script(scenario(RULED % "name: all, fault: status, settings: {status: 503}"))
    ann = script.desktop("ann")
    assert statuses(script, ann, 1) == [503]
    renew(script, RULED % "name: other, fault: status, settings: {status: 429}")
    simulator = script.simulator
    script.steer(lambda _, now: reset(simulator, ["agents", "faults"], now), "reset")
    assert statuses(script, ann, 1) == [429]
    assert simulator.agents.all[0].plays[0].timeline is simulator.timelines[0]


def test_clients_keep_their_path_and_settings_and_new_ones_get_the_new() -> None:
    script = Script(scenario("cometd: {path: /old, timeout: 10s}\nsteps: [{id: a, push: /a, data: 1}]"))
    ann = script.desktop("ann")
    ann.handshake()
    ann.connect(advice={"timeout": 0})
    renew(script, "cometd: {path: /new, timeout: 20s}\nsteps: [{id: a, push: /a, data: 1}]")
    held = ann.connect()
    script.advance(11)
    assert not script.waits(held)
    bob = script.desktop("bob")
    bob.mount = "/new"
    bob.handshake()
    bob.connect(advice={"timeout": 0})
    held = bob.connect()
    script.advance(11)
    assert script.waits(held)
