from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.plan.difference import Difference
from replay.plan.timeline import plan
from replay.testing import scenario
from replay.verify.role import Role

CHAT = "0000Na9B26EF002X"
OTHER = "0000Wa9CAM6W00JQ"
ACCEPT = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}, number: {recorded: 17, make: counter}}
shift_times: [timestamp]
source: {recorded: "2014-01-02T14:23:20-08:00"}
steps:
  - {id: invited, push: /v2/me/chats, after: start, data: {state: Invited, chat: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", body: {do: Accept}, respond: {body: {number: "${number}"}}}
  - id: chatting
    push: /v2/me/chats
    after: accept
    data: {state: Chatting, chat: "${chat}", number: "${number}", "of": [1]}
  - {id: log, push: /v2/me/log, after: accept, data: {log: "of ${chat}", timestamp: "2014-01-02T14:23:20Z"}}
"""


def role(text: str = ACCEPT) -> Role:
    return Role(plan(scenario(text)), "http://there")


def told(role: Role, channel: str, data: Any) -> tuple[str, Any]:
    return role.event(channel, data)[:2]


def invite(role: Role, chat: str = OTHER) -> tuple[str, Any]:
    return told(role, "/v2/me/chats", {"state": "Invited", "chat": chat})


def test_an_event_is_the_step_whose_shape_it_has_and_tells_the_ids() -> None:
    agent = role()

    assert invite(agent) == ("invited", ())
    [ask] = agent.due()
    assert agent.request(ask) == ("POST", f"/chats/{OTHER}", {"do": "Accept"})


def test_events_are_told_apart_by_structure_though_all_have_the_id() -> None:
    agent = role()
    invite(agent)
    [ask] = agent.due()
    agent.answered(ask, 200, {"number": 4})

    chatting = {"state": "Chatting", "chat": OTHER, "number": 4, "of": [1], "more": 1}
    assert told(agent, "/v2/me/log", {"log": f"of {OTHER}", "timestamp": "2026-01-01T00:00:00Z"}) == (
        "log",
        (),
    )
    assert told(agent, "/v2/me/chats", chatting) == (
        "chatting",
        (Difference("data.more", "(missing)", 1),),
    )
    assert (agent.done, agent.missing) == (True, [])


def test_an_event_with_another_id_than_before_differs() -> None:
    agent = role()
    invite(agent)
    [ask] = agent.due()
    agent.answered(ask, 200, {"number": 4})

    step, differences = told(
        agent, "/v2/me/chats", {"state": "Chatting", "chat": CHAT, "number": 5, "of": [1]}
    )
    assert step == "chatting"
    assert differences == (Difference("data.chat", OTHER, CHAT), Difference("data.number", 4, 5))


def test_an_event_comes_once() -> None:
    agent = role()

    assert [invite(agent)[0] for _ in range(2)] == ["invited", ""]


def test_events_that_are_the_same_come_as_often_as_they_stand_there() -> None:
    agent = role("steps: [{id: one, push: /a, data: 1}, {id: two, push: /a, data: 1}]")

    assert [told(agent, "/a", 1)[0] for _ in range(3)] == ["one", "two", ""]


def test_of_two_steps_that_fit_an_event_is_the_one_that_says_as_much() -> None:
    agent = role("steps: [{id: little, push: /a, data: {}}, {id: much, push: /a, data: {a: 1, b: 2}}]")

    assert [told(agent, "/a", {"a": 1, "b": 2})[0], told(agent, "/a", {})[0]] == ["much", "little"]


def test_an_event_of_another_channel_or_another_kind_is_no_step() -> None:
    agent = role()

    assert told(agent, "/v2/me/calls", {"state": "Invited", "chat": OTHER}) == ("", ())
    assert told(agent, "/v2/me/chats", {"a": 1}) == ("", ())
    assert told(agent, "/v2/me/chats", "Invited") == ("", ())


def test_an_event_that_is_mostly_a_step_is_that_step_changed() -> None:
    agent = role("steps: [{id: one, push: /a, data: {a: 1, b: 2, c: 3, d: {e: [4]}}}]")

    assert told(agent, "/a", {"a": 1, "b": 0, "c": 3, "d": {"e": [5]}}) == (
        "one",
        (Difference("data.b", 2, 0), Difference("data.d.e[0]", 4, 5)),
    )


def test_a_request_waits_for_all_above_it_and_is_asked_once() -> None:
    agent = role()

    assert agent.due() == []
    invite(agent)
    assert [ask.id for ask in agent.due()] == ["accept"]
    assert agent.due() == []


def test_a_request_waits_for_the_answer_to_the_one_above_it() -> None:
    agent = role("steps: [{id: one, request: GET /1}, {id: two, request: GET /2}]")

    [one] = agent.due()
    assert agent.due() == []
    agent.answered(one, 200, None)
    assert [ask.id for ask in agent.due()] == ["two"]


def test_an_answer_is_held_against_the_scenarios() -> None:
    agent = role()
    invite(agent)
    [ask] = agent.due()

    assert agent.answered(ask, 500, {"statusCode": 4}) == (
        Difference("status", 200, 500),
        Difference("data.number", "${number}", "(missing)"),
        Difference("data.statusCode", "(missing)", 4),
    )


@pytest.mark.parametrize(
    ("settings", "kind", "differing"),
    [
        ("", "application/json", []),
        ("", "Application/JSON", []),
        ("", "text/plain", [("application/json", "text/plain")]),
        ("", "", [("application/json", "(missing)")]),
        ("headers: {content-type: text/plain;charset=x},", "text/plain", []),
        ("headers: {content-type: text/plain},", "application/json", [("text/plain", "application/json")]),
    ],
)
def test_json_that_is_called_something_else_differs(
    settings: str, kind: str, differing: list[tuple[str, str]]
) -> None:
    steps = f"steps: [{{id: read, request: GET /a, respond: {{{settings} body: {{n: 1}}}}}}]"
    for ignored in (False, True):
        more = "ignore: [Content-Type]\n" if ignored else ""
        agent = role(more + steps)
        [ask] = agent.due()

        found = agent.answered(ask, 200, {"n": 1}, kind=kind)

        expected = () if ignored else tuple(Difference("headers.Content-Type", *each) for each in differing)
        assert found == expected


def test_an_answer_that_says_something_where_nothing_is_said_differs() -> None:
    story = "steps: [{id: end, request: DELETE /a, respond: {status: 204}}]"
    agent = Role(plan(scenario(story)), "http://gws:8090")
    [ask] = agent.due()

    assert agent.answered(ask, 204, "") == agent.answered(ask, 204, None) == ()
    assert agent.answered(ask, 204, {"n": 1}) == (Difference("data", "(missing)", {"n": 1}),)


def test_a_request_is_written_as_a_url() -> None:
    agent = role(
        "variables: {who: {recorded: 'Jörg/Ä'}}\n"
        "steps: [{id: one, request: 'GET /a%20b/ü/100%25?q=a+b&q=${who}&e=', match: ignore}]"
    )
    [ask] = agent.due()

    assert agent.request(ask) == (
        "GET",
        "/a%20b/%C3%BC/100%25?q=a+b&q=J%C3%B6rg%2F%C3%84&e=",
        msgspec.UNSET,
    )


def test_it_listens_to_every_channel_of_the_scenario_once() -> None:
    assert role().channels == ("/v2/me/chats", "/v2/me/log")


def test_it_listens_to_all_that_a_channel_of_the_play_may_be() -> None:
    agent = role(
        "variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}\n"
        "session: [{id: hello, push: /hello, data: 1}]\n"
        "steps:\n"
        "  - {id: one, push: '/v2/chats/${chat}', data: 1}\n"
        "  - {id: two, push: '/v2/chats/${chat}/log', data: '${chat}'}\n"
    )

    assert agent.channels == ("/hello", "/v2/chats/*", "/v2/chats/**")
    assert told(agent, f"/v2/chats/{OTHER}", 1) == ("one", ())
    assert told(agent, f"/v2/chats/{CHAT}/log", CHAT) == ("", ())
    assert told(agent, f"/v2/chats/{OTHER}/log", OTHER) == ("two", ())
    assert told(agent, "/hello", 1) == ("hello", ())


def test_what_the_session_pushes_is_known_but_not_waited_for() -> None:
    agent = role("session: [{id: hello, push: /a, data: hello}]\nsteps: [{id: one, push: /a, data: one}]")

    assert told(agent, "/a", "hello") == ("hello", ())
    assert agent.missing == ["one"]


def test_what_needs_an_id_that_nobody_has_told_is_not_asked() -> None:
    agent = role(
        "variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}\n"
        "steps:\n"
        "  - {id: ready, request: POST /ready}\n"
        "  - {id: invited, push: /a, after: ready, data: {chat: '${chat}'}}\n"
        "  - {id: accept, request: 'POST /chats/${chat}'}\n"
        "  - {id: leave, request: POST /leave}\n"
    )
    [ready] = agent.due()
    agent.answered(ready, 200, None)

    assert agent.pass_over()
    assert [ask.id for ask in agent.due()] == ["leave"]
