"""A scenario as the journal of a run that goes as written."""

from __future__ import annotations

from replay.plan.nominal import nominal
from replay.scenario.model import Scenario
from replay.testing import scenario

STORY = """
session:
  - {id: me, request: GET /me, respond: {after: 100ms, body: 1}}
  - {id: hello, push: /a, after: start + 1s, data: hi}
steps:
  - {id: invited, push: /a, after: start + 1s, data: 1}
  - {id: accept, request: POST /chats, respond: {after: 40ms, body: 1}}
  - {id: chatting, push: /a, after: accept.response + 60ms, data: 2}
  - {id: leave, request: POST /leave, respond: {after: "uniform(1s, 3s)", body: 1}}
"""


def told(story: Scenario) -> list[tuple[float, str, str, str]]:
    return [(each.at, each.agent, each.kind, each.step) for each in nominal(story)]


def test_requests_come_as_soon_as_they_may_and_pushes_at_their_time() -> None:
    assert told(scenario(STORY)) == [
        (0.0, "agent", "agent", ""),
        (0.0, "agent", "request", "me"),
        (0.1, "agent", "answer", "me"),
        (0.1, "agent", "handshake", ""),
        (0.1, "agent", "subscribe", ""),
        (0.1, "agent", "play", ""),
        (1.1, "agent", "event", "hello"),
        (1.1, "agent", "event", "invited"),
        (1.1, "agent", "request", "accept"),
        (1.14, "agent", "answer", "accept"),
        (1.2, "agent", "event", "chatting"),
        (1.2, "agent", "request", "leave"),
        (3.2, "agent", "answer", "leave"),
    ]


def test_roles_are_agents_and_wait_for_each_other() -> None:
    story = scenario("""
    steps:
      - {id: ask, agent: ann, request: POST /ask, respond: {after: 10ms, body: 1}}
      - {id: asked, agent: bob, push: /b, after: ask + 1s, data: 1}
      - {id: help, agent: bob, request: POST /help, needs: [asked], respond: {after: 10ms, body: 1}}
      - {id: helped, agent: ann, push: /a, after: help + 1s, data: 1}
    """)
    steps = [(at, agent, step) for at, agent, kind, step in told(story) if kind in {"request", "event"}]
    assert steps == [(0.0, "ann", "ask"), (1.0, "bob", "asked"), (1.0, "bob", "help"), (2.0, "ann", "helped")]


def test_a_push_may_stand_before_what_sets_it_off() -> None:
    story = scenario("""
    steps:
      - {id: done, push: /a, after: go + 1s, data: 1}
      - {id: go, request: POST /go, respond: {after: 3s, body: 1}}
    """)
    steps = [(at, kind, step) for at, _, kind, step in told(story) if step]
    assert steps == [(0.0, "request", "go"), (1.0, "event", "done"), (3.0, "answer", "go")]


def test_an_entry_says_what_the_step_says() -> None:
    found = {each.step: each.detail for each in nominal(scenario(STORY)) if each.kind in {"request", "event"}}
    assert found["chatting"] == {"channel": "/a", "after": "accept.response + 60ms", "data": 2}
    assert found["accept"]["request"] == "POST /chats"
