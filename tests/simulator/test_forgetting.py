"""Plays that are over and old go; what is expected, and what a client is told, goes by them still."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.scenario.model import Expected
from replay.simulator import looking
from replay.simulator.forgetting import KEPT, MORE
from replay.simulator.marks import LONG, MOST
from replay.simulator.plays import Play
from replay.testing import Desktop, Script, scenario

STORY = """
cometd: {max_interval: 10h}
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: accept, request: "POST /chats/${chat}", respond: {body: 1}}
  - {id: chatting, push: /a, after: accept + 1s, data: "${chat}"}
"""
MANY = 3 * (KEPT + MORE)


def come(script: Script, user: str = "ann") -> Desktop:
    """An agent who listens."""
    desktop = script.desktop(user)
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    return desktop


def offer(script: Script, user: str = "ann", place: int = 0) -> Play:
    agent = script.simulator.agents.named(user)
    timeline = script.simulator.timelines[place]
    return script.direct(lambda simulator, now: simulator.casting.offer(agent, timeline, now), "offered")


def plays(script: Script, user: str = "ann") -> list[Play]:
    return script.simulator.agents.named(user).plays


def accept(script: Script, desktop: Desktop, play: Play) -> int:
    return desktop.post(f"/chats/{play.values['chat']}", {})


def chat_for_hours(script: Script, desktop: Desktop, many: int = MANY) -> list[str]:
    """One chat after another; returns their ids."""
    chats = []
    for _ in range(many):
        play = plays(script)[-1]
        chats.append(str(play.values["chat"]))
        accept(script, desktop, play)
        script.advance(5)
        offer(script)
    return chats


def test_after_hours_of_chats_an_agent_has_its_newest() -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    chats = chat_for_hours(script, desktop)

    assert KEPT < len(plays(script)) <= KEPT + MORE + 1
    kept = [play.values["chat"] for play in plays(script)[:-1]]
    script.expect(kept, chats[-len(kept) :])
    script.expect(plays(script)[-1].ordinal, MANY + 1)
    script.expect(len(desktop.events), MANY)


def test_nothing_holds_on_to_a_play_that_has_gone() -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    chat_for_hours(script, desktop)
    gc.collect()

    alive = [each for each in gc.get_objects() if isinstance(each, Play) and each.is_story]
    mine = [play for play in alive if play.timeline is script.simulator.timelines[0]]
    script.expect(sorted(play.ordinal for play in mine), [play.ordinal for play in plays(script)])


def test_a_request_for_a_forgotten_chat_is_told_so() -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    chats = chat_for_hours(script, desktop)

    reply = script.answer(desktop.post(f"/chats/{chats[0]}", {}))
    script.expect(reply.status, 404)
    why = "offer story once more: story#1, of which this has an id, is over and was forgotten"
    script.expect(reply.body["replay"]["why"], why)
    assert '"scenario":"story"' in reply.body["replay"]["command"]


def test_who_is_known_by_the_id_of_a_chat_is_known_by_it_still() -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    come(script, "bob")
    chats = chat_for_hours(script, desktop)

    nobody = script.desktop(cookies=False)
    why = script.answer(nobody.post(f"/chats/{chats[0]}", {})).body["replay"]["why"]
    assert "was forgotten" in why, why
    script.expect(script.simulator.agents.named("ann").misses, 1)


def test_a_play_that_is_not_over_stays_however_old() -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    first = plays(script)[0]
    offer(script)
    chat_for_hours(script, desktop)

    assert plays(script)[0] is first
    script.expect(script.answer(accept(script, desktop, first)).status, 200)


def test_the_only_play_of_a_scenario_stays_though_it_is_over() -> None:
    other = "steps: [{id: again, request: GET /again, respond: {body: 2}}]"
    script = Script(scenario(other, name="other"), scenario(STORY))
    desktop = come(script)
    desktop.get("/again")
    for _ in range(MANY):
        accept(script, desktop, plays(script)[-1])
        script.advance(5)
        offer(script, place=1)

    script.expect(script.answer(desktop.get("/again")).body, 2)


def test_what_was_just_asked_may_be_asked_again_however_many_chats_come_at_once() -> None:
    script = Script(scenario(STORY.replace("after: accept + 1s", "after: accept")))
    desktop = come(script)
    chats = []
    for _ in range(MANY):
        chats.append(plays(script)[-1].values["chat"])
        accept(script, desktop, plays(script)[-1])
        offer(script)

    script.expect(script.answer(desktop.post(f"/chats/{chats[0]}", {})).body, 1)


def test_a_chat_that_is_looked_at_again_and_again_stays_though_all_of_it_has_been() -> None:
    look = '\n  - {id: look, request: "GET /chats/${chat}", respond: {body: 2}}\n'
    script = Script(scenario(STORY.rstrip() + look))
    desktop = come(script)
    first = plays(script)[0]
    for _ in range(MANY):
        accept(script, desktop, plays(script)[-1])
        desktop.get(f"/chats/{plays(script)[-1].values['chat']}")
        script.advance(5)
        script.expect(script.answer(desktop.get(f"/chats/{first.values['chat']}")).body, 2)
        offer(script)

    assert plays(script)[0] is first
    assert len(plays(script)) <= 1 + KEPT + MORE + 1


def test_whoever_looks_is_told_how_many_have_gone() -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    chat_for_hours(script, desktop)

    (row,), _ = looking.rows(script.simulator, script.now)
    script.expect(row.plays + row.forgotten, MANY + 1)
    assert row.forgotten >= MANY - KEPT - MORE


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"step": "accept", "times": 1}, ""),
        ({"step": "accept", "times": 2, "agent": "bob"}, "accept was expected twice"),
        ({"step": "chatting", "times": 0}, "chatting was expected never"),
    ],
)
def test_what_is_expected_of_every_play_is_expected_of_those_that_have_gone(
    wanted: dict[str, Any], why: str
) -> None:
    script = Script(scenario(STORY))
    desktop = come(script)
    come(script, "bob")
    chat_for_hours(script, desktop)
    last = plays(script)[-1]
    accept(script, desktop, last)
    accept(script, desktop, plays(script, "bob")[0])
    script.advance(5)

    script.simulator.expecting.declare(Expected(**wanted))
    unmet = script.simulator.expecting.unmet(script.now)
    assert bool(unmet) is bool(why), unmet
    script.expect([each.startswith(why) for each in unmet], [True] if why else [])


def test_a_chat_of_two_goes_for_both() -> None:
    text = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    session: [{id: hello, agent: one, request: GET /hello}, {id: hey, agent: two, request: GET /hey}]
    steps:
      - {id: accept, agent: one, request: "POST /chats/${chat}"}
      - {id: join, agent: two, request: "POST /chats/${chat}/join"}
    """
    script = Script(scenario(text))
    one, two = come(script, "ann"), come(script, "bob")
    for _ in range(MANY):
        play = plays(script)[-1]
        accept(script, one, play)
        two.post(f"/chats/{play.values['chat']}/join", {})
        script.advance(5)
        assert offer(script) is offer(script, "bob")

    ann, bob = (script.simulator.agents.named(name) for name in ("ann", "bob"))
    script.expect(ann.plays, bob.plays)
    assert len(ann.plays) <= KEPT + MORE + 1
    script.expect([play.sessions[0] for play in ann.plays], ann.sessions)
    script.expect(script.answer(accept(script, one, ann.plays[-1])).status, 200)


def test_what_went_wrong_in_plays_that_have_gone_is_told() -> None:
    look = '\n  - {id: look, request: "GET /chats/${chat}", respond: {body: 2}}\n'
    script = Script(scenario(STORY.rstrip() + look))
    desktop = come(script)
    for turn in range(MANY):
        play = plays(script)[-1]
        for _ in range(1 + (turn < 2)):
            desktop.get(f"/chats/{play.values['chat']}")
        accept(script, desktop, play)
        script.advance(5)
        if turn < MANY - 1:
            offer(script)

    script.simulator.expecting.declare(Expected(step="look", times=1))
    wrong = (
        "look was expected once and took place twice in a play that was forgotten; so it is in 1 more play"
    )
    script.expect(script.simulator.expecting.unmet(script.now), [wrong])


def _marks(script: Script) -> int:
    """How many times of moments are kept for the first agent."""
    agent = script.simulator.agents.all[0]
    plays = {*agent.plays, *agent.sessions}
    return sum(len(marks) for play in plays for marks in play._marks.values())


CYCLE = """
cometd: {max_interval: 10h}
variables: {word: {recorded: w}}
session:
  - {id: ready, request: POST /ready, repeat: cycle}
  - {id: seen, push: /a, after: ready.response, data: seen}
steps:
  - {id: accept, request: POST /accept, body: {word: "${word}"}, repeat: cycle}
  - {id: chatting, push: /a, after: accept, data: "${accept.word}"}
  - {id: later, push: /a, after: accept.response + 3s, data: later}
  - {id: begun, push: /a, after: start and ready, data: begun}
  - {id: both, push: /a, after: accept and accept.response, data: "both ${accept.word}"}
"""


def test_what_is_asked_for_ever_keeps_only_the_times_that_something_waits_for() -> None:
    script = Script(scenario(CYCLE))
    desktop = come(script)
    kept = []
    for turn in range(400):
        desktop.post("/accept", {"word": f"w{turn}"})
        desktop.post("/ready", {})
        script.advance(0.5)
        kept.append(_marks(script))
    script.advance(5)

    assert max(kept) < 6 * (LONG + 5), max(kept)
    data = [event.data for event in desktop.events]
    script.expect([each for each in data if each[0] == "w"], [f"w{turn}" for turn in range(400)])
    script.expect(
        [each for each in data if each.startswith("both")], [f"both w{turn}" for turn in range(400)]
    )
    script.expect([data.count(each) for each in ("later", "seen", "begun")], [400, 400, 1])


def test_a_story_that_begins_later_goes_by_the_first_time_of_what_its_session_has_done() -> None:
    script = Script(scenario(CYCLE))
    desktop = come(script)
    for _ in range(100):
        desktop.post("/ready", {})
    offer(script)
    desktop.post("/ready", {})
    script.advance(1)

    script.expect([event.data for event in desktop.events].count("begun"), 2)


FOR_EVER = """
cometd: {max_interval: 10h}
session: [{id: ready, request: POST /ready, repeat: cycle}]
steps:
  - {id: accept, request: POST /accept, repeat: cycle}
  - {id: end, request: POST /end}
  - {id: seen, push: /a, after: ready, data: seen}
  - {id: over, push: /a, after: accept and end, data: over}
"""


def test_what_is_asked_for_ever_is_kept_within_bounds_though_something_waits_for_each_time() -> None:
    """A story that begins later counts what its session did, and one of two moments may never come."""
    script = Script(scenario(FOR_EVER))
    desktop = come(script)
    for _ in range(MOST + 200):
        desktop.post("/ready", {})
        desktop.post("/accept", {})
    assert 2 * MOST <= _marks(script) < 2 * MOST + 10
    desktop.post("/end", {})
    script.advance(1)

    data = [event.data for event in desktop.events]
    script.expect([data.count(each) for each in ("seen", "over")], [MOST + 200, 1])


ASKED = st.lists(st.sampled_from(["/accept", "/ready", "/reject", "offer", "wait", "subscribe"]), max_size=40)
CUES = st.lists(
    st.sampled_from(
        [
            "start",
            "ready",
            "accept",
            "reject",
            "seen",
            "first",
            "accept.response",
            "start and ready",
            "accept and reject",
            "ready and accept",
            "reject and accept.response",
            "start and reject",
        ]
    ),
    min_size=1,
    max_size=4,
)


@given(after=CUES, asked=ASKED)
@settings(max_examples=60)
def test_what_comes_is_the_same_whether_or_not_what_is_used_up_is_kept(
    after: list[str], asked: list[str]
) -> None:
    pushes = "".join(
        f"\n  - {{id: p{n}, push: /a, after: {when}, data: {n}}}" for n, when in enumerate(after)
    )
    text = f"""
cometd: {{max_interval: 10h}}
session:
  - {{id: ready, request: POST /ready, repeat: cycle}}
  - {{id: seen, push: /a, after: ready, data: seen}}
steps:
  - {{id: accept, request: POST /accept, repeat: cycle}}
  - {{id: reject, request: POST /reject, repeat: cycle}}
  - {{id: first, push: /a, after: accept + 1s, data: first}}{pushes}
"""
    told = []
    for longest in (0, 1_000_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("replay.simulator.plays.LONG", longest)
            script = Script(scenario(text))
            desktop = script.desktop("ann")
            desktop.open_socket()
            desktop.handshake()
            for each in asked:
                match each:
                    case "offer":
                        offer(script)
                    case "wait":
                        script.advance(1.5)
                    case "subscribe":
                        desktop.subscribe("/a")
                    case _:
                        desktop.post(each, {})
            script.advance(5)
            told.append(desktop.events)
    script.expect(told[0], told[1])
