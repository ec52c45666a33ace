"""Offers, pushes and changed scenarios in any order: no event is lost, and none told twice."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from replay.errors import NoSuchError
from replay.plan.timeline import plan
from replay.simulator import directing
from replay.testing import Desktop, Script, scenario

STORY = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}, text: {recorded: Hello}}
session:
  - {id: ready, request: POST /ready, repeat: last, respond: {after: 300ms}}
  - {id: news, push: /b, after: ready + 1s, data: news}
steps:
  - {id: hi, push: /a, after: start and ready + 1s, data: {of: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", needs: [hi], respond: {after: 400ms}}
  - {id: send, request: POST /say, body: {text: "${text}"}, repeat: last}
  - {id: sent, push: /b, after: send.response + 500ms, data: "${send.text}"}
"""
VERSIONS = [
    STORY,
    STORY.replace("start and ready + 1s", "start"),
    STORY.replace("after: ready + 1s", "after: ready.response + 100ms"),
    f"{STORY}  - {{id: extra, push: /a, after: hi and accept.response + 100ms, data: extra}}\n",
    STORY.replace("id: sent,", "id: told,"),
]
kinds = ["ready", "accept", "send", "offer", "push", "tell", "renew"]
turns = st.tuples(st.sampled_from(kinds), st.integers(0, 4), st.sampled_from([0.0, 0.1, 0.5, 1.5]))


def do(script: Script, desktop: Desktop, kind: str, number: int) -> None:
    plays = script.simulator.agents.all[0].plays
    match kind:
        case "ready":
            desktop.post("/ready", {})
        case "accept":
            desktop.post(f"/chats/{plays[number % len(plays)].values['chat']}", {})
        case "send":
            desktop.post("/say", {"text": str(number)})
        case _:
            # A step that the scenario has no more cannot be pushed.
            with contextlib.suppress(NoSuchError):
                script.direct(lambda simulator, now: steer(kind, number, simulator, now), f"{kind} {number}")


def steer(kind: str, number: int, simulator: Any, now: float) -> None:
    match kind:
        case "offer":
            directing.offer(simulator, "", "", now)
        case "push":
            directing.push(simulator, "", "", ("hi", "news", "sent", "extra", "told")[number], now)
        case "tell":
            directing.tell(simulator, "", "/b", number, now)
        case "renew":
            simulator.renewing.renew(0, plan(scenario(VERSIONS[number])), now)


@settings(max_examples=30)
@given(st.booleans(), st.lists(turns, max_size=25))
def test_all_that_is_set_off_is_told_once_whatever_is_steered(
    socket: bool, done: list[tuple[str, int, float]]
) -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    if socket:
        desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/**")
    for kind, number, seconds in [*done, *[("nothing", 0, 0.5)] * 8]:
        do(script, desktop, kind, number)
        script.advance(seconds)
        desktop.connect(advice={"timeout": 0})

    told = [entry for entry in script.simulator.journal if entry.kind == "event"]
    assert Counter(e.channel for e in desktop.events) == Counter(e.detail["channel"] for e in told), script
    by_itself = Counter((entry.play, entry.step) for entry in told if "by" not in entry.detail)
    (agent,) = script.simulator.agents.all
    for play in agent.plays:
        for cue in play.part.cues:
            assert by_itself[play.label, cue.id] == play.times_set_off(cue), script
    steps = [entry for entry in told if entry.step]
    assert sum(script.simulator.tallies.events.counts.values()) == len(steps)
