"""Values that a server makes anew each time: any of the right kind will do, and the same is the same."""

from __future__ import annotations

from typing import Any

import pytest

from replay.plan.difference import Difference
from replay.plan.timeline import plan
from replay.testing import scenario
from replay.verify.diff import diff
from replay.verify.role import Role

from .loop import Loop

TALK = """
source: {recorded: "2014-01-02T14:23:20-08:00"}
shift_times: [timestamp]
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  text: {recorded: hello}
  index: {recorded: 7, make: count}
  now: {recorded: "2014-01-02T14:23:20.171-0800", make: time}
  chats: {told: {field: chat, of: plays}}
  latest: {told: {field: chat}}
  messages: {told: {field: messages, all: true}}
session:
  - {id: list, request: GET /chats, respond: {body: {chats: "${chats}"}}}
steps:
  - {id: invited, push: /c, after: start + 1s, data: {chat: {id: "${chat}", state: Invited}}}
  - id: send
    request: POST /chats/${chat}
    body: {text: "${text}"}
    repeat: cycle
    respond: {after: 60ms, body: {at: "${now}"}}
  - id: said
    push: /c
    after: send + 90ms
    data: {messages: [{index: "${index}", text: "${send.text}", timestamp: "${now}", at: "${now}"}]}
  - {id: noted, push: /c, after: said + 10ms, data: {a: 1, b: 2, noted: "${said.index}", at: "${said.now}"}}
  - id: log
    request: GET /chats/${chat}/messages
    respond: {body: {messages: "${messages}", chat: "${latest}", upto: "${said.index}"}}
"""
AT = "2026-11-29T01:00:00.250-0800"


def said(role: Role, index: Any, at: Any = AT, text: str = "hello") -> tuple[str, Any]:
    message = {"index": index, "text": text, "timestamp": at, "at": at}
    return role.event("/c", {"messages": [message]})[:2]


def noted(role: Role, index: Any, at: Any = AT) -> tuple[str, Any]:
    return role.event("/c", {"a": 1, "b": 2, "noted": index, "at": at})[:2]


@pytest.fixture
def role() -> Role:
    """One who has been invited, and has said something."""
    role = Role(plan(scenario(TALK)), "http://there")
    assert role.event("/c", {"chat": {"id": "0000Wa9CAM6W00JQ", "state": "Invited"}})[:2] == ("invited", ())
    [ask] = role.due()
    role.request(ask)
    assert role.answered(ask, 200, {"at": AT}) == ()
    return role


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_a_server_that_plays_it_is_seen_whole(transport: str) -> None:
    loop = Loop(scenario(TALK), transport=transport)

    assert [each for each in loop.run() if each.differences] == []
    assert loop.role.missing == []


def test_any_number_and_any_time_of_the_right_form_will_do_and_is_remembered(role: Role) -> None:
    assert said(role, 41) == ("said", ())
    assert noted(role, 41) == ("noted", ())
    [ask] = role.due()
    body = {"messages": [{"anything": 1}], "chat": None, "upto": 41}
    assert role.answered(ask, 200, body) == ()


def test_another_number_or_time_than_was_said_differs(role: Role) -> None:
    said(role, 41)

    assert noted(role, 42, "2026-11-29T01:00:00.251-0800") == (
        "noted",
        (
            Difference("data.noted", 41, 42),
            Difference("data.at", AT, "2026-11-29T01:00:00.251-0800"),
        ),
    )


@pytest.mark.parametrize(
    ("index", "at", "fields"),
    [
        ("41", AT, [("data.messages[0].index", 7)]),
        (41, "2026-11-29 01:00:00.250-0800", [("timestamp", ""), ("at", "")]),
        (41, 1_795_000_000_000, [("timestamp", ""), ("at", "")]),
    ],
)
def test_a_value_of_another_kind_differs(role: Role, index: Any, at: Any, fields: list[Any]) -> None:
    recorded = "2014-01-02T14:23:20.171-0800"
    step, differences = said(role, index, at)

    assert step == "said"
    assert [(each.field, each.expected) for each in differences] == [
        (field, expected) if expected else (f"data.messages[0].{field}", recorded)
        for field, expected in fields
    ]


def test_what_is_collected_has_to_be_a_list_where_it_is_one(role: Role) -> None:
    said(role, 1)
    noted(role, 1)
    [ask] = role.due()

    assert role.answered(ask, 200, {"messages": {}, "chat": 1, "upto": 1}) == (
        Difference("data.messages", [], {}),
    )


def test_a_step_that_takes_place_again_may_say_other_values(role: Role) -> None:
    [ask] = [each for each in plan(scenario(TALK)).story.asks if each.id == "send"]

    assert role.answered(ask, 200, {"at": "2026-11-29T02:00:00.000-0800"}) == ()


def test_what_a_push_said_of_any_variable_is_what_others_have_to_say() -> None:
    text = """
    variables: {text: {recorded: hi}}
    steps:
      - {id: said, push: /a, data: {text: "${text}"}}
      - {id: echo, push: /a, after: said + 1s, data: {a: 1, echo: "${said.text}"}}
    """
    role = Role(plan(scenario(text)), "http://there")
    role.event("/a", {"text": "one"})

    assert role.event("/a", {"a": 1, "echo": "two"})[:2] == ("echo", (Difference("data.echo", "one", "two"),))


def test_two_scenarios_that_collect_otherwise_differ_in_that() -> None:
    other = TALK.replace("{field: chat, of: plays}", "{field: chat, of: plays, unless: {state: Completed}}")
    other = other.replace("index: {recorded: 7, make: count}", "index: {recorded: 1, make: count}")

    (difference,) = diff(scenario(TALK), scenario(other)).differences
    assert (difference.kind, difference.field) == ("variable", "chats.told")
    assert difference.a == {"field": "chat", "of": "plays"}
    assert difference.b == {"field": "chat", "of": "plays", "unless": {"state": "Completed"}}
    assert diff(scenario(TALK), scenario(TALK)).differences == ()


@pytest.mark.parametrize(("data", "differs"), [({}, False), ({"Order": 1}, False), ([], True), (None, True)])
def test_what_is_merged_has_to_be_an_object(data: Any, *, differs: bool) -> None:
    text = """
    variables: {more: {recorded: {a: 1}}, data: {merged: {first: {Name: Pat}, add: ["${put.more}"]}}}
    steps:
      - {id: put, request: POST /put, body: "${more}"}
      - {id: told, push: /a, after: put, data: {state: Chatting, of: chat, data: "${data}"}}
    """
    role = Role(plan(scenario(text)), "http://there")
    step, differences, _ = role.event("/a", {"state": "Chatting", "of": "chat", "data": data})

    assert (step, [each.field for each in differences]) == ("told", ["data.data"] if differs else [])
