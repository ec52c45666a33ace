"""Agents that have gone and stay away are forgotten, so that coming and going costs nothing in the end."""

from __future__ import annotations

from typing import Any

import pytest

from replay.simulator import faulting
from replay.simulator.limits import Limits
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

OFFER = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
session:
  - {id: me, request: GET /me, respond: {body: {ok: true}}}
steps:
  - {id: offer, push: /chats, after: start, data: {id: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", respond: {body: {ok: true}}}
  - {id: later, push: /chats, after: accept + 30m, data: late}
"""
EXPECTED = f"{OFFER}expect: [{{step: accept}}]\n"
CONSULT = """
steps:
  - {id: offered, agent: first, push: /chats, after: start, data: {offer: 1}}
  - {id: ringing, agent: second, push: /chats, after: start, data: {ring: 1}}
"""
DESKS = f"""
variables: {{desk: {{recorded: 0000Na9B26EF002X, make: interaction-id}}}}
session: [{{id: desk, agent: second, request: "GET /desks/${{desk}}"}}]
{CONSULT}
"""
KEPT = 3
FEW = Options(agents_kept=KEPT, agents_kept_for=60.0)


def script_of(text: str = OFFER, **options: Any) -> Script:
    fields = {"agents_kept": KEPT, "agents_kept_for": 60.0, "epoch": 1.0}
    return Script(scenario(text), options=Options(**fields | options))


def come(desktop: Desktop) -> Desktop:
    desktop.handshake()
    desktop.subscribe("/chats")
    desktop.connect(advice={"timeout": 0})
    return desktop


def names(script: Script) -> list[str]:
    return [agent.label for agent in script.simulator.agents.all]


def visits(script: Script, count: int) -> None:
    """So many strangers, one after another, each for a moment."""
    for _ in range(count):
        come(script.desktop()).disconnect()


def notes(script: Script) -> list[tuple[str, str]]:
    """What the journal has of those that were forgotten."""
    entries = [entry for entry in script.simulator.journal if "forgotten" in entry.detail]
    return [(entry.agent, entry.detail["forgotten"]) for entry in entries]


def test_of_those_that_went_long_ago_the_latest_are_kept() -> None:
    script = script_of()
    visits(script, 6)
    script.advance(61)
    visits(script, 1)
    assert names(script) == ["#4", "#5", "#6", "#7"]
    assert notes(script) == [(f"#{number}", "forgotten: not heard of for 61s") for number in (1, 2, 3)]


def test_who_went_a_moment_ago_is_kept_however_many_there_are() -> None:
    """As when all lose their connections at once."""
    script = script_of()
    visits(script, 6)
    script.advance(59)
    visits(script, 1)
    assert len(names(script)) == 7
    assert notes(script) == []


def test_who_is_there_is_never_forgotten_however_silent() -> None:
    script = script_of()
    here = come(script.desktop())
    held = here.connect()
    visits(script, 6)
    script.advance(25)
    assert script.waits(held)
    script.advance(10)
    for _ in range(10):
        here.connect()
        script.advance(35)
    visits(script, 1)
    assert names(script)[0] == "#1"
    assert [agent for agent, _ in notes(script)] == ["#2", "#3", "#4"]


def test_whose_requests_alone_come_is_heard_of() -> None:
    script = script_of()
    rest = script.desktop("ann")
    rest.get("/me")
    visits(script, 6)
    script.advance(50)
    rest.get("/me")
    script.advance(20)
    visits(script, 1)
    assert names(script) == ["ann", "#6", "#7", "#8"]


def test_who_comes_back_after_that_is_somebody_new_with_a_story_of_its_own() -> None:
    script = script_of()
    desktop = come(script.desktop())
    chat = desktop.events[0].data["id"]
    desktop.disconnect()
    visits(script, 6)
    script.advance(61)
    visits(script, 1)
    come(desktop)
    assert names(script)[-1] == "#9"
    assert desktop.events[-1].data["id"] != chat
    accepted = desktop.post(f"/chats/{desktop.events[-1].data['id']}", {})
    assert script.answer(accepted).status == 200
    assert script.answer(desktop.post(f"/chats/{chat}", {})).status == 404


def test_who_has_a_name_comes_back_under_it() -> None:
    script = script_of()
    ann = come(script.desktop("ann"))
    ann.post(f"/chats/{ann.events[0].data['id']}", {})
    ann.disconnect()
    visits(script, 6)
    script.advance(61)
    visits(script, 1)
    assert "ann" not in names(script)
    come(ann)
    assert names(script)[-1] == "ann"
    # Its ids are drawn by its name, and its story is told from the beginning.
    assert ann.events[0].data == ann.events[-1].data
    assert script.answer(ann.post(f"/chats/{ann.events[0].data['id']}", {})).status == 200


def test_what_was_to_come_for_one_that_is_forgotten_does_not_come() -> None:
    script = script_of()
    desktop = come(script.desktop())
    desktop.post(f"/chats/{desktop.events[0].data['id']}", {})
    desktop.disconnect()
    visits(script, 6)
    script.advance(61)
    assert len(list(script.simulator.agenda)) == 1
    visits(script, 1)
    assert list(script.simulator.agenda) == []
    script.advance(3600)
    assert [entry for entry in script.simulator.journal if entry.step == "later"] == []


def test_those_who_play_together_are_forgotten_together() -> None:
    script = script_of(CONSULT)
    first = come(script.desktop("first"))
    second = come(script.desktop("second"))
    first.disconnect()
    for number in range(6):
        come(script.desktop(f"ann{number}")).disconnect()
    for _ in range(3):
        second.connect()
        script.advance(30)
    come(script.desktop("bob"))
    assert {"first", "second"} <= set(names(script))
    assert [agent for agent, _ in notes(script)] == ["ann0", "ann1"]
    second.disconnect()
    script.advance(61)
    for number in range(6):
        come(script.desktop(f"cid{number}")).disconnect()
    assert not {"first", "second"} & set(names(script))


def test_who_comes_takes_no_role_beside_one_that_is_forgotten() -> None:
    script = script_of(CONSULT, agents_kept=0)
    come(script.desktop("ann")).disconnect()
    script.advance(61)
    bob = come(script.desktop("bob"))
    assert names(script) == ["bob"]
    assert [event.data for event in bob.events] == [{"offer": 1}]


def test_ids_of_a_role_that_nobody_took_are_nobodys_once_those_beside_it_are_forgotten() -> None:
    script = script_of(DESKS, agents_kept=0)
    come(script.desktop("first")).disconnect()
    (play,) = script.simulator.agents.named("first").plays
    ids = [str(value) for session in play.sessions for value in session.values.values()]
    assert all(map(script.simulator.agents.is_minted, ids))
    assert ids
    script.advance(61)
    come(script.desktop("bob"))
    assert names(script) == ["bob"]
    assert not any(map(script.simulator.agents.is_minted, ids))


def test_nobody_is_forgotten_while_something_is_expected() -> None:
    """It is counted in all plays there have been."""
    script = script_of(EXPECTED)
    visits(script, 6)
    script.advance(61)
    visits(script, 1)
    assert len(names(script)) == 7
    assert len(script.simulator.expecting.unmet(script.now)) == 1


def test_what_rules_have_done_to_those_that_are_forgotten_is_still_counted() -> None:
    script = script_of()
    script.steer(
        lambda switching, now: switching.put_up(
            {"name": "late", "fault": "latency", "where": {"step": "me"}}, now
        ),
        "late",
    )
    for number in range(6):
        script.desktop(f"ann{number}").get("/me")
    script.advance(61)
    visits(script, 1)
    (rule,) = script.simulator.switching.standing(script.now)
    assert (rule.seen, rule.struck, list(rule.agents)) == (6, 6, ["ann3", "ann4", "ann5"])


def test_who_is_turned_away_again_and_again_under_other_names_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faulting, "STRANGERS", 10)
    script = script_of(limits=Limits(agents=2))
    here = [come(script.desktop(name)) for name in ("ann", "bob")]
    for number in range(100):
        script.advance(2)
        for desktop in here:
            desktop.connect(advice={"timeout": 0})
        assert script.answer(script.desktop(f"cid{number}").handshake()).body[0]["successful"] is False
    names_counted = {key for key, _, _ in script.simulator.faulting._occurrences}
    assert {"ann", "bob"} <= names_counted
    assert len(names_counted) < 15


def test_numbers_are_never_given_twice_and_name_nobody_else() -> None:
    script = script_of()
    visits(script, 6)
    script.advance(61)
    visits(script, 2)
    agents = script.simulator.agents
    assert [agent.ordinal for agent in agents.all] == [4, 5, 6, 7, 8]
    assert agents.numbered("#1") is None
    assert agents.named("8").label == "#8"


def test_cookies_that_a_client_makes_up_are_not_remembered_without_end() -> None:
    script = script_of()
    ann = script.desktop("ann")
    ann.get("/me")
    (ours,) = ann.jar.values()
    name = next(iter(ann.jar))
    for number in range(500):
        ann.jar = {name: f"other-{number}"}
        ann.get("/me")
    stranger = script.desktop()
    stranger.jar = {name: ours}
    assert script.answer(stranger.get("/me")).status == 200
    assert names(script) == ["ann"]
    assert len(script.simulator.agents.named("ann").signs) == 100


def test_names_of_rules_that_clients_make_up_are_not_remembered_without_end() -> None:
    script = script_of()
    ann = script.desktop("ann")
    for number in range(1_100):
        ann.fault = f"{{name: own-{number}, fault: error}}"
        ann.get("/me")
    struck = script.simulator.agents.named("ann").struck
    assert (struck.total(), struck["own-0"], struck["(others)"]) == (1_100, 1, 100)


def test_rules_that_come_and_go_under_other_names_are_counted_together_at_last() -> None:
    script = script_of()
    ann = script.desktop("ann")
    for number in range(1_010):
        rule = {"name": f"passing-{number}", "fault": "error"}
        script.steer(lambda switching, now, rule=rule: switching.put_up(rule, now), "on")
        if number >= 1_000:
            ann.get("/me")
        script.steer(lambda switching, now, rule=rule: switching.take_down(rule["name"], now), "off")
    tallies = script.simulator.switching.tallies()
    assert (len(tallies), tallies["(others)"]) == (1_001, 10)
