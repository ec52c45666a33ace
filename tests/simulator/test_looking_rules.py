"""What holds of every look at agents, whatever has happened: its counts are the simulator's own."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.errors import NoSuchError
from replay.server.har import parts_of
from replay.simulator import directing, looking
from replay.simulator.agents import Agent
from replay.simulator.resetting import WHATS, reset
from replay.simulator.simulator import Simulator
from replay.simulator.undelivered import undelivered
from replay.simulator.waiting import AgentRow, AgentState, PlayState
from replay.testing import Script, scenario

ALONE = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  text: {recorded: Hello}
faults:
  - {name: late, fault: delay, where: {channel: /a}, settings: {by: 700ms}, chance: 60%}
  - {name: turned, fault: reorder, where: {channel: /b}, chance: 60%}
session:
  - {id: ready, request: POST /ready, respond: {after: 300ms}}
  - {id: news, push: /b, after: ready.response + 1s, data: news}
steps:
  - {id: offer, push: /a, after: start and ready + 1s, data: {of: "${chat}"}}
  - {id: accept, request: "POST /chats", body: {op: Accept}, needs: [offer], respond: {after: 400ms}}
  - {id: early, push: /a, after: accept + 200ms, data: early}
  - {id: late, push: /b, after: early and news + 200ms, data: late}
  - {id: send, request: POST /say, body: {text: "${text}"}, repeat: last, respond: {after: 1s}}
  - {id: sent, push: /b, after: send.response + 500ms, data: "${send.text}"}
  - {id: twice, request: POST /twice, respond: [{after: 100ms}, {status: 409}]}
"""
SHARED = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
session:
  - {id: ready, agent: second, request: POST /ready}
steps:
  - {id: offer, agent: first, push: /a, after: start + 1s, data: {of: "${chat}"}}
  - {id: send, agent: first, request: POST /say, repeat: last, respond: {after: 1s}}
  - {id: ring, agent: second, push: /b, after: send + 200ms, data: ring}
  - {id: accept, agent: second, request: "POST /chats", needs: [ready], respond: {after: 400ms}}
  - {id: early, agent: first, push: /b, after: accept.response and ring, data: early}
"""
ASKED = {
    "ready": ("/ready", {}),
    "accept": ("/chats", {"op": "Accept"}),
    "send": ("/say", {"text": "hi"}),
    "twice": ("/twice", {}),
    "nothing": ("/nothing", {}),
}
KINDS = [
    *ASKED, "handshake", "a", "b", "poll", "leave", "bye", "socket",
    "offer", "push", "tell", "reset",
]  # fmt: skip
turns = st.tuples(st.integers(0, 2), st.sampled_from(KINDS), st.sampled_from([0.0, 0.1, 0.5, 2.0]))


class Person:
    """One agent's desktop, which does what the example says."""

    def __init__(self, script: Script, user: str) -> None:
        self._script, self._user = script, user
        self._desktop = script.desktop(user)
        self._held = 0

    def do(self, kind: str) -> None:
        desktop = self._desktop
        match kind:
            case "handshake":
                desktop.handshake()
            case "a" | "b":
                desktop.subscribe(f"/{kind}")
            case "poll":
                self._held = desktop.connect()
            case "leave":
                desktop.leave(self._held)
            case "bye":
                desktop.disconnect()
            case "socket":
                desktop.open_socket()
            case "offer" | "push" | "tell" | "reset":
                self._script.direct(lambda simulator, now: _direct(kind, self._user, simulator, now), kind)
            case _:
                desktop.post(*ASKED[kind])


def _direct(kind: str, user: str, simulator: Simulator, now: float) -> None:
    # Who has not come is not to be pushed anything.
    with contextlib.suppress(NoSuchError):
        match kind:
            case "offer":
                directing.offer(simulator, "", user, now)
            case "push":
                directing.push(simulator, user, "", "early", now)
            case "tell":
                directing.tell(simulator, user, "/b", [1], now)
            case "reset":
                reset(simulator, WHATS, now)


def check(script: Script) -> None:
    simulator, now = script.simulator, script.now
    rows, total = looking.rows(simulator, now)
    assert total == len(rows) == len(simulator.agents.all)
    happened = Counter(
        (entry.agent, entry.play, entry.step)
        for entry in simulator.journal
        if entry.kind in {"request", "event"}
    )
    for row, agent in zip(rows, simulator.agents.all, strict=True):
        check_agent(script, row, agent, happened)


def check_agent(script: Script, row: AgentRow, agent: Agent, happened: Counter[Any]) -> None:
    simulator, now = script.simulator, script.now
    state = looking.state(simulator, agent, now)
    assert msgspec.json.decode(msgspec.json.encode(state), type=AgentState) == state
    same = {name: getattr(state, name) for name in row.__struct_fields__}
    assert AgentRow(**same) == row
    clients = agent.clients.values()
    assert [each.queued for each in state.connections] == [client.pending for client in clients]
    assert (state.plays, state.clients, state.held_polls, state.undelivered) == (
        len(agent.plays),
        len(clients),
        sum(client.hold is not None for client in clients),
        len(agent.held),
    )
    assert state.over == sum(story.over for story in state.stories if not story.session)
    struck = [e.detail["rule"] for e in simulator.journal if (e.kind, e.agent) == ("fault", agent.label)]
    assert state.rules == Counter(struck)
    assert state.waits_for
    for story in state.stories:
        assert story.over is (story.next == [])
        assert all(each.due_in is None or each.due_in >= 0 for each in story.next)
        assert all(each.at <= now for each in story.done)
        told = {each.step: each.times for each in story.done}
        # A request that is alike in several sessions counts for all, and is noted once.
        for step in steps_of(script, story) if not story.session or len(agent.sessions) == 1 else ():
            entries = sum(
                count
                for (whose, play, name), count in happened.items()
                if (play, name) == (story.play, step) and (story.role or whose == agent.label)
            )
            assert told.get(step, 0) == entries, f"{story.play} {step}\n{script}"


def steps_of(script: Script, story: PlayState) -> list[str]:
    (timeline,) = script.simulator.timelines
    if not story.session:
        return [step.id for step in timeline.scenario.steps]
    return [step.id for step in timeline.scenario.session if (step.agent or "") in {"", story.role}]


@settings(max_examples=30)
@given(st.sampled_from([ALONE, SHARED]), st.lists(turns, max_size=25))
def test_a_look_at_any_moment_says_what_the_simulator_and_its_journal_say(
    text: str, done: list[tuple[int, str, float]]
) -> None:
    script = Script(scenario(text))
    people = [Person(script, user) for user in ("ann", "bob", "cid")]
    for kind in ("handshake", "a", "poll", "ready"):
        people[0].do(kind)
    for who, kind, seconds in done:
        people[who].do(kind)
        check(script)
        script.advance(seconds)
        check(script)


def conversation(
    text: str, done: list[tuple[int, str, float]], *, looked_at: bool
) -> tuple[str, list[bytes]]:
    """What was said, and the journal."""
    script = Script(scenario(text))
    people = [Person(script, user) for user in ("ann", "bob", "cid")]
    for who, kind, seconds in [(0, "handshake", 0.0), (0, "a", 0.0), (0, "ready", 0.0), *done]:
        people[who].do(kind)
        script.advance(seconds)
        if looked_at:
            look_at_all(script)
    return str(script), [msgspec.json.encode(entry) for entry in script.simulator.journal]


def look_at_all(script: Script) -> None:
    simulator, now = script.simulator, script.now
    looking.rows(simulator, now)
    for agent in simulator.agents.all:
        looking.state(simulator, agent, now)
    undelivered(simulator)
    simulator.switching.standing(now)
    b"".join(parts_of(simulator, script.traffic, now, agent="ann"))


@settings(max_examples=20)
@given(st.sampled_from([ALONE, SHARED]), st.lists(turns, max_size=25))
def test_whoever_looks_changes_nothing(text: str, done: list[tuple[int, str, float]]) -> None:
    assert conversation(text, done, looked_at=True) == conversation(text, done, looked_at=False)
