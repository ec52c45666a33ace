"""A reply is ours by all that it says: ids of other clients look the same."""

from __future__ import annotations

from typing import Any

import pytest

from replay.bayeux.client import Ended, Pause, Ready
from replay.testing import Script, scenario

from .test_client import Talk


def asked(talk: Talk, verb: str) -> dict[str, Any]:
    """The reply to the latest batch of that kind, as a server of few words gives it."""
    [message] = talk.open[verb].messages
    return {"channel": message["channel"], "id": message["id"], "successful": True}


@pytest.mark.parametrize(
    "other",
    [
        {"channel": "/meta/unsubscribe"},
        {"clientId": "c2"},
        {"subscription": "/b"},
        {"subscription": ["/a", "/b"]},
        {"id": "17"},
    ],
    ids=["channel", "client", "subscription", "subscriptions", "id"],
)
def test_a_reply_that_is_another_in_one_respect_is_not_ours(other: dict[str, Any]) -> None:
    talk = Talk(transport="websocket")
    talk.start()
    talk.answer("handshake")
    reply = {"subscription": "/a", "clientId": "c1"} | asked(talk, "subscribe")

    assert talk.says(reply | other) == []
    assert talk.says(reply) == [Ready()]


@pytest.mark.parametrize("said", [{}, {"subscription": "/a"}, {"subscription": ["/a"], "clientId": "c1"}])
def test_a_reply_is_ours_if_it_leaves_out_its_id_or_makes_a_number_of_it(said: dict[str, Any]) -> None:
    for changed in ({"id": None}, {"id": 2}):
        talk = Talk(transport="websocket")
        talk.start()
        talk.answer("handshake")

        assert talk.says(asked(talk, "subscribe") | said | changed) == [Ready()]


def test_a_reply_comes_with_the_answer_to_its_batch_and_no_other() -> None:
    talk = Talk()
    talk.start()
    talk.answer("handshake")
    subscribe, connect = talk.open["subscribe"].number, talk.open["connect"].number

    assert talk.says(asked(talk, "connect"), asked(talk, "subscribe"), number=subscribe) == [Ready()]
    assert talk.says(asked(talk, "connect"), number=connect) == ["connect"]


def test_a_message_is_answered_once() -> None:
    talk = Talk(transport="websocket").together()
    reply = asked(talk, "connect")

    assert talk.says(reply, reply) == ["connect"]
    assert talk.says(reply) == []


def test_what_is_advised_to_another_client_is_not_heeded() -> None:
    talk = Talk(transport="websocket").together()
    others = asked(talk, "connect") | {"clientId": "c2", "advice": {"reconnect": "none", "interval": 9000}}

    assert talk.says(others | {"successful": False}) == []
    assert talk.says(asked(talk, "connect")) == ["connect"]


def test_the_end_of_another_clients_session_is_not_ours() -> None:
    talk = Talk(transport="websocket").together()
    end = {"channel": "/meta/disconnect", "successful": True}

    assert talk.says(end | {"clientId": "c2"}) == []
    assert talk.says(end) == [Ended("the server ended the session")]


def test_who_is_told_without_an_id_that_it_is_unknown_shakes_hands_again() -> None:
    talk = Talk().together()
    unknown = {"channel": "/meta/connect", "successful": False, "error": "402::Unknown client"}

    assert talk.says(unknown, number=talk.open["connect"].number) == [Pause(0.0)]
    assert talk.wakes(0.0) == ["handshake"]


def test_of_messages_on_a_socket_that_have_no_ids_a_rule_strikes_the_reply_to_the_right_one() -> None:
    script = Script(
        scenario(
            """
            faults: [{name: torn, fault: garble, where: {meta: connect}, nth: 2}]
            steps: [{id: hello, push: /a, after: start + 1s, data: hello}]
            """
        )
    )
    desktop = script.desktop()
    socket = desktop.open_socket()
    desktop.handshake()
    for verb in ("connect", "connect", "subscribe"):
        message = desktop.message(verb, connectionType="websocket", subscription="/a")
        del message["id"]
        desktop.send(message)
    script.advance(40)

    torn = [isinstance(frame.body, bytes) for frame in script.frames[socket]]
    # The handshake, the first connect, the subscription, the event; then the connect that was held.
    script.expect(torn, [False, False, False, False, True])
