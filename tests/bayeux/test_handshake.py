"""Who is welcomed, and what is refused before anybody is."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Reply, Script, scenario

ADVICE = {"interval": 0, "timeout": 30000, "reconnect": "retry"}


def script() -> Script:
    return Script(scenario(""))


def test_a_handshake_names_a_client_the_version_the_transports_and_the_times() -> None:
    conversation = script()
    desktop = conversation.desktop()

    exchange = desktop.handshake()

    conversation.expect(
        conversation.answer(exchange),
        Reply(
            0.0,
            [
                {
                    "channel": "/meta/handshake",
                    "successful": True,
                    "id": "1",
                    "clientId": desktop.client_id,
                    "version": "1.0",
                    "minimumVersion": "1.0",
                    "supportedConnectionTypes": ["websocket", "long-polling", "callback-polling"],
                    "advice": ADVICE,
                }
            ],
        ),
    )


def test_a_handshake_sets_the_browser_cookie_only_if_the_request_has_none() -> None:
    conversation = script()
    desktop = conversation.desktop()

    first, second = desktop.handshake(), desktop.handshake()

    json_type = ("Content-Type", "application/json;charset=UTF-8")
    cookie = f"BAYEUX_BROWSER={desktop.jar['BAYEUX_BROWSER']}; Path=/; HttpOnly"
    conversation.expect(conversation.headers(first), (json_type, ("Set-Cookie", cookie)))
    conversation.expect(conversation.headers(second), (json_type,))
    assert len(desktop.jar["BAYEUX_BROWSER"]) == 16


def test_every_handshake_makes_a_client_of_its_own() -> None:
    conversation = script()
    desktop = conversation.desktop()

    desktop.handshake()
    first = desktop.client_id
    desktop.handshake()

    assert sorted(conversation.simulator.bayeux.clients) == sorted([first, desktop.client_id])
    assert len(first) == 26


def test_a_handshake_is_welcome_whatever_transports_it_names() -> None:
    # CometD answers with what it has and leaves it to the client to find none in common.
    conversation = script()
    desktop = conversation.desktop()

    desktop.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["callback-polling"]})
    desktop.send({"channel": "/meta/handshake", "supportedConnectionTypes": 7})

    assert len(conversation.simulator.bayeux.clients) == 2


def test_a_handshake_that_names_a_living_client_leaves_that_one_alone() -> None:
    conversation = script()
    desktop = conversation.desktop()
    desktop.handshake()
    old = desktop.client_id
    conversation.push(desktop, "/news", 1)
    desktop.jar.clear()

    exchange = desktop.handshake(clientId=old)

    assert desktop.client_id != old
    assert "Set-Cookie" in dict(conversation.headers(exchange))
    assert len(conversation.answer(exchange).body) == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, b"the body is not JSON: Input data was truncated"),
        (b"hello", 400, b"the body is not JSON: JSON is malformed: invalid character (byte 0)"),
        (b"\xff\xfe", 400, b"the body is not JSON: JSON is malformed: invalid character (byte 0)"),
        (b'"\\ud800"', 400, b"the body is not JSON: Input data was truncated"),
        (b"7", 400, b"a Bayeux message is a JSON object"),
        (b"null", 400, b"a Bayeux message is a JSON object"),
        (b"[[]]", 400, b"a Bayeux message is a JSON object"),
        (b'[{"channel": "/a"}, 7]', 400, b"a Bayeux message is a JSON object"),
        (b"[" + b"{}," * 1000 + b"{}]", 400, b"a batch holds at most 1000 messages, not 1001"),
        (b"[" * 100_000, 400, b"the body is not JSON: maximum recursion depth exceeded"),
        (b'[{"id":' + b"[" * 99 + b"]" * 99 + b"}]", 400, b"the body is deeper than 100 levels"),
        (b"[]", 500, b"the batch is empty"),
        (b"", 500, b"the body is empty"),
        (b" \n", 500, b"the body is empty"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_holds_no_messages_is_refused(body: bytes, status: int, said: bytes) -> None:
    conversation = script()

    exchange = conversation.desktop().say(body)

    reply = conversation.answer(exchange)
    assert (reply.status, reply.body[: len(said)]) == (status, said)


def test_a_handshake_in_company_is_refused_and_nobody_is_welcomed() -> None:
    conversation = script()
    desktop = conversation.desktop()

    exchange = desktop.send(desktop.message("handshake"), desktop.message("connect"))

    conversation.expect(conversation.answer(exchange), Reply(0.0, b"a handshake comes alone", 500))
    assert conversation.simulator.bayeux.clients == {}


def test_a_single_object_is_as_good_as_an_array_of_one_and_answered_with_an_array() -> None:
    conversation = script()
    desktop = conversation.desktop()

    exchange = desktop.say(b'{"channel": "/meta/handshake", "id": 7}')

    (reply,) = conversation.answer(exchange).body
    assert (reply["id"], reply["successful"]) == (7, True)


@pytest.mark.parametrize(
    "odd", ["", 0, None, -1.5, True, {"a": [1]}, ["x"], "ü☃\u0000", 10**30, "x" * 100_000], ids=range(10)
)
def test_an_id_comes_back_as_it_was_whatever_it_is(odd: Any) -> None:
    conversation = script()

    exchange = conversation.desktop().send({"channel": "/meta/handshake", "id": odd})

    assert conversation.answer(exchange).body[0]["id"] == odd


def test_a_message_without_an_id_gets_a_reply_without_one() -> None:
    conversation = script()
    desktop = conversation.desktop()
    desktop.handshake()

    exchange = desktop.send({"channel": "/service/x", "data": 1, "clientId": desktop.client_id})

    conversation.expect(
        conversation.answer(exchange), Reply(0.0, [{"channel": "/service/x", "successful": True}])
    )


def test_the_deepest_id_that_may_come_in_goes_out_again() -> None:
    conversation = script()
    body = b'[{"channel":"/meta/connect","id":' + b"[" * 98 + b"]" * 98 + b"}]"

    exchange = conversation.desktop().say(body)

    assert conversation.answer(exchange).body[0]["error"] == "402::Unknown client"
