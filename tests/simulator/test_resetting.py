"""Resets: everything, or only what happened, who is there, or what goes wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.entries import Entry
from replay.simulator import looking
from replay.simulator.resetting import WHATS, What, reset
from replay.testing import Desktop, Script, scenario

STORY = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
faults:
  - {name: first, fault: status, where: {step: look}, settings: {status: 503}, nth: 1}
  - {name: chance, fault: drop, where: {step: more}, chance: 50%}
steps:
  - {id: hello, push: /a, after: start + 1s, data: "${chat}"}
  - {id: look, request: GET /look, respond: {after: 1s}}
  - {id: seen, push: /a, after: look + 2s, data: seen}
  - {id: more, push: /a, after: "hello + normal(2s, 300ms)", data: more}
"""


def forget(script: Script, *what: What) -> list[What]:
    return script.direct(lambda simulator, now: reset(simulator, what or WHATS, now), f"reset {what}")


def entries(script: Script) -> list[Entry]:
    return list(script.simulator.journal)


def converse(script: Script, *users: str) -> list[Desktop]:
    """A conversation with something of everything: polls, sockets, faults, misses, answers under way."""
    desktops = [script.desktop(user) for user in users]
    for index, desktop in enumerate(desktops):
        if index % 2:
            desktop.open_socket()
        desktop.handshake()
        desktop.subscribe("/a")
        desktop.connect(advice={"timeout": 0})
        desktop.connect()
    for desktop in desktops:
        desktop.get("/look")
        desktop.get("/look")
        desktop.get("/nothing")
    script.advance(0.5)
    for desktop in desktops[:1]:
        script.advance(10)
        desktop.connect()
    return desktops


def told(script: Script) -> list[bytes]:
    """The journal without what a second run on one server cannot share: numbers and times."""
    kept = [entry for entry in entries(script) if entry.kind != "reset"]
    zeroed = [msgspec.structs.replace(entry, number=0, at=0.0) for entry in kept]
    return [msgspec.json.encode(entry) for entry in zeroed]


def test_after_a_reset_the_same_conversation_goes_as_it_did_at_first() -> None:
    script = Script(scenario(STORY))
    converse(script, "ann", "", "cid")
    first = told(script)
    for _ in range(3):
        forget(script)
        converse(script, "ann", "", "cid")

        script.expect(told(script), first)


def test_a_reset_says_what_was_reset_and_numbers_go_on() -> None:
    script = Script(scenario(STORY))
    converse(script, "ann")
    total = script.simulator.journal.total

    assert forget(script) == ["agents", "faults", "journal"]

    (entry,) = entries(script)
    assert (entry.kind, entry.agent, entry.detail) == ("reset", "", {"what": ["agents", "faults", "journal"]})
    assert entry.number > total
    assert script.simulator.journal.counts == {"reset": 1}
    assert script.simulator.lateness.count == 0


def test_whoever_listens_to_the_journal_goes_on_hearing_of_it() -> None:
    script = Script(scenario(STORY))
    heard: list[bytes] = []
    script.simulator.journal.tell(heard.append)
    forget(script)
    before = len(heard)
    script.desktop("ann").get("/nothing")

    assert len(heard) > before


def test_clients_of_before_are_told_that_they_are_unknown() -> None:
    script = Script(scenario(STORY))
    polls, socket = script.desktop("ann"), script.desktop("bob")
    socket.open_socket()
    for desktop in (polls, socket):
        desktop.handshake()
        desktop.subscribe("/a")
        desktop.connect(advice={"timeout": 0})
    held = polls.connect()
    socket.connect()

    forget(script, "agents")

    for reply in (script.answer(held), script.frames[socket.socket or 0][-1]):
        (connect,) = reply.body
        assert connect["error"].startswith("402:")
        assert connect["advice"]["reconnect"] == "handshake"
    assert script.closed == {}
    for desktop in (polls, socket):
        desktop.handshake()
        desktop.subscribe("/a")
        desktop.connect(advice={"timeout": 0})
    script.advance(1)
    assert len(socket.events) == 1
    assert [agent.label for agent in script.simulator.agents.all] == ["ann", "bob"]


def test_requests_whose_answers_were_under_way_are_reset_and_nothing_of_the_old_plays_comes() -> None:
    script = Script(scenario(STORY))
    (desktop,) = converse(script, "ann")
    desktop.get("/look")
    late = script.desktop("bob")
    late.get("/look")
    waiting = late.get("/look")
    assert script.waits(waiting)

    forget(script)
    script.advance(60)

    assert script.cut[waiting].reset
    assert [entry.kind for entry in entries(script)] == ["reset"]
    assert script.simulator.agents.all == []
    assert list(script.simulator.agenda) == []


def test_cookies_of_before_are_nobodys_and_the_new_ones_are_others() -> None:
    script = Script(scenario(STORY))
    old = script.desktop()
    old.get("/look")
    jar = dict(old.jar)
    forget(script, "agents")
    new = script.desktop()
    new.get("/look")

    assert new.jar.keys() == jar.keys()
    assert not set(new.jar.values()) & set(jar.values())
    named = script.simulator.agents.find_known({"cookie": "; ".join(f"{k}={v}" for k, v in jar.items())})
    assert named is None


def test_minted_ids_are_those_of_a_fresh_start() -> None:
    script = Script(scenario(STORY))

    def chat() -> Any:
        script.desktop().get("/look")
        return next(entry.detail["values"]["chat"] for entry in entries(script) if entry.kind == "play")

    first = chat()
    forget(script)
    assert chat() == first


def test_agents_are_forgotten_alone_and_strikes_are_still_counted() -> None:
    script = Script(scenario(STORY))
    script.desktop().get("/look")
    before = script.simulator.journal.total
    forget(script, "agents")

    assert len(entries(script)) == before + 1
    (first, _) = script.simulator.switching.standing(script.now)
    assert (first.struck, first.agents) == (1, {})
    again = script.desktop()
    assert script.answer(again.get("/look")).status == 503
    (first, _) = script.simulator.switching.standing(script.now)
    assert (first.struck, first.agents) == (2, {"#1": 1})


def test_the_journal_is_forgotten_alone() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.get("/nothing")
    forget(script, "journal")
    script.advance(1)

    assert [entry.kind for entry in entries(script)] == ["reset", "event"]
    ((row,), _) = looking.rows(script.simulator, script.now)
    assert (row.misses, row.plays, row.clients) == (0, 1, 1)


def test_faults_are_as_they_were_at_first() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    desktop.get("/look")
    script.steer(lambda rules, now: rules.put_up({"fault": "hang", "where": {"step": "look"}}, now), "up")
    script.steer(lambda rules, now: rules.change("first", {"settings": {"status": 500}}, now), "change")
    script.steer(lambda rules, now: rules.change("chance", {"on": False}, now), "off")

    forget(script, "faults")

    standing = script.simulator.switching.standing(script.now)
    assert [(each.name, each.on, each.struck, each.settings) for each in standing] == [
        ("first", True, 0, {"status": 503}),
        ("chance", True, 0, {}),
    ]
    assert script.simulator.switching.tallies() == {"first": 0, "chance": 0}
    assert script.answer(desktop.get("/look")).status == 503


def test_a_server_that_was_shut_is_open_again() -> None:
    script = Script(scenario(STORY))
    script.steer(lambda rules, now: rules.put_up({"fault": "refuse", "ttl": "1h"}, now), "shut")
    assert not script.is_open

    forget(script, "faults")

    assert script.is_open
    assert [each.name for each in script.simulator.switching.standing(script.now)] == ["first", "chance"]


def test_a_network_in_two_parts_is_whole_again_and_its_clients_hear_that_they_are_unknown() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.connect(advice={"timeout": 0})
    held = desktop.connect()
    script.steer(lambda rules, now: rules.put_up({"fault": "partition", "ttl": "1h"}, now), "part")

    forget(script)

    assert script.answer(held).body[0]["error"].startswith("402:")


@pytest.mark.parametrize("what", [(), ("faults",), ("agents",), ("journal",), WHATS])
def test_a_reset_before_anything_has_happened_does_nothing_bad(what: tuple[What, ...]) -> None:
    script = Script(scenario(STORY))
    script.direct(lambda simulator, now: reset(simulator, what, now), "reset")
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.connect()
    script.advance(1)
    desktop.connect()

    assert len(desktop.events) == 1
