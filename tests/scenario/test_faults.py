"""Rules of a scenario: those that are good, and what is told of those that can do nothing."""

from __future__ import annotations

import pytest

from replay.scenario.faults import check_faults
from replay.scenario.load import loads
from replay.scenario.reader import read

from .told import told

STORY = """
session:
  - {id: ready, request: POST /api/v2/me, body: {operationName: Ready}}
steps:
  - id: invited
    push: /v2/me/chats
    data: {messageType: ChatStateChangeMessage, notificationType: "${kind}"}
  - id: accept
    request: POST /api/v2/me/chats/${chat}?trace=1
    body: {operationName: Accept}
  - {id: chatting, push: "/v2/me/${kind}/list", after: accept, data: [1]}
  - {id: read, request: "GET /api/v2/me/chats/${chat}/messages"}
  - {id: told, request: POST /api/v2/notes}
"""
HEAD = "version: 1\nname: one\nvariables: {chat: {make: uuid}, kind: {recorded: a}}\n"


def ruled(*rules: str, head: str = "") -> str:
    """The story above with these rules, from line 4, or below one line of `head`."""
    lines = [f"  - {{name: r{at}, {rule}}}" for at, rule in enumerate(rules)]
    return "\n".join([f"{HEAD}{head}{chr(10) * bool(head)}faults:", *lines]) + STORY


@pytest.mark.parametrize(
    "rule",
    [
        "fault: latency",
        "fault: latency, where: {step: accept, path: /api/v2/me/chats/*}",
        "fault: latency, where: {path: /api/v2/me/chats/*/messages}",
        "fault: latency, where: {path: /api/v2/me/chats/0000Na9B26EF002X}",
        'fault: latency, where: {path: "/**"}',
        "fault: latency, where: {meta: handshake}, chance: 20%",
        "fault: latency, where: {meta: /meta/connect}, nth: 3",
        "fault: status, where: {meta: connect, transport: long-polling}",
        "fault: error, where: {operation: Ready}",
        "fault: drop, where: {channel: /v2/me/*}",
        "fault: drop, where: {channel: /v2/**, agent: anybody}",
        "fault: drop, where: {channel: /v2/me/typing/list}",
        "fault: drop, where: {messageType: ChatStateChangeMessage, notificationType: Typing}",
        "fault: swap, where: {step: accept}",
        "fault: reset, where: {step: invited}",
        "fault: handshake-refused, chance: 20%",
        "fault: advice, where: {meta: handshake}, settings: {reconnect: none}, chance: 20%",
        "fault: truncate, settings: {bytes: 10}",
        "fault: bandwidth, where: {agent: '#2'}, from: 1s, until: 2s",
        "fault: refuse, ttl: 10s, from: 5s",
        "fault: partition, ttl: 10s, where: {step: accept}, nth: 2",
        "fault: unknown-client, where: {meta: connect}, limit: 1, settings: {advice: {interval: 1}}",
    ],
)
def test_a_rule_that_can_strike_is_good(rule: str) -> None:
    assert len(loads(ruled(rule)).faults) == 1


def test_what_a_step_does_not_list_of_its_body_the_client_may_send() -> None:
    assert loads(ruled("fault: error, where: {path: /api/v2/notes, operation: Write}")).faults


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("fault: latency, where: {path: /api/v2/me/chats}", "no step asks for the path '/api/v2/me/chats'"),
        ("fault: latency, where: {path: /api/*/chats}", "no step asks for the path '/api/*/chats'"),
        ("fault: latency, where: {path: '/api/v2/me/chats/*/notes'}", "no step asks for the path"),
        ("fault: drop, where: {channel: /v2/you/**}", "no step pushes to the channel '/v2/you/**'"),
        ("fault: drop, where: {messageType: Typing}", "no step sends messageType 'Typing'"),
        (
            "fault: drop, where: {step: chatting, messageType: A}",
            "step 'chatting' never sends messageType 'A'",
        ),
        (
            "fault: reset, where: {path: /api/v2/me, operation: Accept}",
            "no step has path '/api/v2/me' and operation 'Accept' at once",
        ),
        (
            "fault: batch, where: {meta: connect}",
            "'batch' is a fault of events, and 'meta' is said of Bayeux",
        ),
        (
            "fault: bandwidth, where: {step: accept}",
            "'bandwidth' is a fault of all that an agent gets, and step",
        ),
        ("fault: swap, where: {step: ready}", "'swap' is about the events that a request sets off"),
        (
            "fault: split, where: {transport: websocket}",
            "'split' can be on long-polling and callback-polling",
        ),
        (
            "fault: status, where: {meta: connect, transport: websocket}",
            "'status' is about HTTP answers, and",
        ),
        ("fault: ack-lost, chance: 5%", "how often a client polls is its own affair"),
        ("fault: bandwidth, limit: 3", "'bandwidth' holds for all that an agent gets: 'limit' has no use"),
        ("fault: partition, where: {step: accept}", "'partition' reaches whoever controls the simulator too"),
        ("fault: latency, until: 0s", "'r0' ends before it begins"),
    ],
)
def test_a_rule_that_can_do_nothing_is_told_with_the_reason(rule: str, said: str) -> None:
    (problem,) = told(ruled(rule))

    assert said in problem
    assert problem.startswith("5:")


def test_what_the_endpoint_does_not_offer_cannot_go_wrong() -> None:
    rules = ["fault: status, where: {meta: connect}", "fault: split", "fault: ack-lost"]

    assert told(ruled(*rules, head="cometd: {transports: [websocket], extensions: [timesync]}")) == [
        "6:23: 'status' is about HTTP answers, and over WebSocket a Bayeux message gets none",
        "7:23: 'split' can be on long-polling and callback-polling alone",
        "8:23: 'ack-lost' is about the extension 'ack', which is not offered",
    ]


def test_where_control_has_a_port_of_its_own_the_server_may_be_shut_for_good() -> None:
    text = ruled("fault: refuse")
    scenario = loads(text, control_apart=True)

    assert [scenario.faults[0].fault, scenario.faults[0].ttl] == ["refuse", ""]
    assert len(list(check_faults(scenario, read(text, "f")))) == 1


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("fault: status", "fault: hang", "the answer"),
        ("fault: status", "fault: hang, where: {step: accept}, every: 2", "the answer"),
        ("fault: hang, where: {step: accept}, from: 5s, until: 9s", "fault: status, until: 1m", "the answer"),
        ("fault: drop, nth: [1, 3]", "fault: duplicate, nth: [3]", "whether the event comes"),
        ("fault: drop, every: 3", "fault: duplicate, every: 2", "whether the event comes"),
        ("fault: connect-held, nth: 2", "fault: connect-at-once, first: 2", "how long a connect is held"),
        (
            "fault: connect-held, where: {meta: connect}",
            "fault: connect-at-once, where: {meta: /meta/connect, agent: b}",
            "how long a connect is held",
        ),
        ("fault: batch", "fault: split", "how events share an answer"),
        ("fault: refuse, ttl: 5s", "fault: partition, ttl: 9s", "the server"),
        (
            "fault: close, where: {meta: connect}",
            "fault: hang, where: {meta: connect}, limit: 2",
            "the answer",
        ),
    ],
)
def test_rules_that_decide_one_thing_at_the_same_times_contradict_each_other(
    first: str, second: str, what: str
) -> None:
    assert told(ruled(first, second)) == [f"6:5: 'r1' contradicts 'r0' (5:5): both decide {what}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("fault: status, chance: 20%", "fault: hang"),
        ("fault: status, where: {step: ready}", "fault: hang, where: {step: accept}"),
        ("fault: drop, nth: [1, 3]", "fault: duplicate, nth: 2"),
        ("fault: drop, every: 3, limit: 1", "fault: duplicate, every: 2, limit: 1"),
        ("fault: status, until: 5s", "fault: hang, from: 6s"),
        ("fault: latency", "fault: latency, where: {step: accept}"),
        ("fault: status", "fault: hang, where: {meta: connect}"),
        ("fault: hang, where: {meta: handshake}", "fault: hang, where: {meta: connect}"),
        ("fault: drop, where: {channel: /v2/me/chats}, nth: 1", "fault: duplicate, nth: 1"),
        ("fault: refuse, ttl: 5s", "fault: partition, ttl: 9s, from: 10s"),
    ],
)
def test_rules_that_need_not_meet_do_not_contradict_each_other(first: str, second: str) -> None:
    assert len(loads(ruled(first, second)).faults) == 2
