from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.bayeux.client import LONGEST, Action, Batch, BayeuxClient, Ended, Pause, Phase, Ready, Received

EVENT = {"channel": "/a", "data": 1}


class Talk:
    """A client, and a server whose every word is spoken by the test."""

    def __init__(self, *subscriptions: str, transport: str = "long-polling") -> None:
        self.client = BayeuxClient(transport=transport, subscriptions=subscriptions or ("/a",))
        self.now = 0.0
        self.open: dict[str, Batch] = {}

    def does(self, actions: list[Action]) -> list[Any]:
        """What the client does, a batch as its verbs."""
        told: list[Any] = []
        for action in actions:
            if isinstance(action, Batch):
                verbs = [str(message["channel"]).removeprefix("/meta/") for message in action.messages]
                self.open |= dict.fromkeys(verbs, action)
                told.append(" ".join(verbs))
            else:
                told.append(action)
        return told

    def start(self) -> list[Any]:
        return self.does(self.client.start())

    def answer(self, verb: str, *events: dict[str, Any], **fields: Any) -> list[Any]:
        """Answers the latest batch of that kind."""
        batch = self.open[verb]
        [asked] = batch.messages
        more = {"clientId": "c1"} if verb == "handshake" else {}
        reply = {"channel": asked["channel"], "id": asked["id"], "successful": True} | more | fields
        return self.says(*events, reply, number=batch.number)

    def refuse(self, verb: str, error: str, **fields: Any) -> list[Any]:
        return self.answer(verb, successful=False, error=error, **fields)

    def says(self, *messages: dict[str, Any], number: int = 0) -> list[Any]:
        return self.does(self.client.received(list(messages), self.now, number=number))

    def fails(self, verb: str) -> list[Any]:
        return self.does(self.client.failed(self.open[verb].number, self.now))

    def wakes(self, at: float) -> list[Any]:
        self.now = at
        return self.does(self.client.wake(at))

    def together(self, **advice: Any) -> Talk:
        """Shaken hands, subscribed, first connect answered: a connect is out."""
        self.start()
        self.answer("handshake", advice={"reconnect": "retry", "interval": 0, "timeout": 30_000} | advice)
        self.answer("subscribe")
        self.answer("connect")
        return self


def test_a_session_begins_with_a_handshake_then_subscribes_and_connects() -> None:
    talk = Talk("/a", "/b/**")

    assert talk.start() == ["handshake"]
    assert talk.answer("handshake") == ["subscribe", "connect"]
    assert talk.open["subscribe"].messages == [
        {"channel": "/meta/subscribe", "subscription": ["/a", "/b/**"], "id": "2", "clientId": "c1"}
    ]
    assert talk.open["connect"].messages == [
        {
            "channel": "/meta/connect",
            "connectionType": "long-polling",
            "advice": {"timeout": 0},
            "id": "3",
            "clientId": "c1",
        }
    ]
    assert talk.answer("subscribe") == [Ready()]
    assert talk.answer("connect") == ["connect"]
    assert "advice" not in talk.open["connect"].messages[0]


def test_events_come_before_and_after_the_reply_they_travel_with() -> None:
    talk = Talk().together()
    batch = talk.open["connect"]
    reply = {"channel": "/meta/connect", "id": batch.messages[0]["id"], "successful": True}

    assert talk.says(EVENT, reply, EVENT, number=batch.number) == [
        Received(channel="/a", data=1),
        "connect",
        Received(channel="/a", data=1),
    ]


def test_advice_counts_in_milliseconds() -> None:
    talk = Talk().together(timeout=45_000)

    assert talk.open["connect"].timeout == 55.0
    assert talk.answer("connect", advice={"interval": 2000, "timeout": 1500}) == [Pause(2.0)]
    assert talk.wakes(1.999) == []
    assert talk.wakes(2.0) == ["connect"]
    assert talk.open["connect"].timeout == 11.5


@pytest.mark.parametrize("interval", [-5, None, "1000", 0])
def test_advice_that_makes_no_sense_means_no_wait(interval: Any) -> None:
    assert Talk().together().answer("connect", advice={"interval": interval}) == ["connect"]


@pytest.mark.parametrize("longest", [1e308, 10**400, LONGEST * 1000 + 1])
def test_no_server_can_ask_for_more_than_a_day(longest: float) -> None:
    talk = Talk().together(timeout=longest)

    assert talk.open["connect"].timeout == LONGEST + 10.0
    assert talk.answer("connect", advice={"interval": longest}) == [Pause(LONGEST)]


@pytest.mark.parametrize(
    "fields", [{"advice": {"reconnect": "handshake", "interval": 0}}, {}, {"advice": {"interval": 3000}}]
)
@pytest.mark.parametrize("error", ["402::Unknown client", "401:c1:Unknown client"])
def test_who_was_forgotten_shakes_hands_and_subscribes_again(error: str, fields: dict[str, Any]) -> None:
    talk = Talk().together()

    [pause] = talk.refuse("connect", error, **fields)
    assert talk.wakes(pause.at) == ["handshake"]
    assert "clientId" not in talk.open["handshake"].messages[0]
    assert talk.answer("handshake", clientId="c2") == ["subscribe", "connect"]
    assert talk.open["subscribe"].messages[0]["clientId"] == "c2"
    assert talk.answer("subscribe") == [Ready()]


def test_a_subscription_that_the_server_forgot_waits_for_the_next_handshake() -> None:
    talk = Talk()
    talk.start()
    talk.answer("handshake")

    assert talk.refuse("subscribe", "402::Unknown client") == []
    [pause] = talk.refuse("connect", "402::Unknown client")
    assert talk.wakes(pause.at) == ["handshake"]
    assert talk.answer("handshake") == ["subscribe", "connect"]


def test_failures_wait_one_second_more_each_time_and_success_forgives() -> None:
    talk = Talk().together()
    waits = []
    for _ in range(3):
        [pause] = talk.fails("connect")
        waits.append(pause.at - talk.now)
        assert talk.wakes(pause.at) == ["connect"]
        assert talk.open["connect"].messages[0]["advice"] == {"timeout": 0}

    assert waits == [1.0, 2.0, 3.0]
    assert talk.answer("connect") == ["connect"]
    assert talk.fails("connect") == [Pause(talk.now + 1.0)]


def test_waits_end_at_a_minute() -> None:
    talk = Talk().together()
    for _ in range(70):
        [pause] = talk.fails("connect")
        wait = pause.at - talk.now
        talk.wakes(pause.at)

    assert wait == 60.0


def test_a_connect_refused_for_another_reason_is_tried_again() -> None:
    talk = Talk().together()

    assert talk.refuse("connect", "500::tired") == [Pause(1.0)]
    assert talk.wakes(1.0) == ["connect"]


def test_reconnect_none_ends_the_session() -> None:
    talk = Talk().together()

    assert talk.answer("connect", advice={"reconnect": "none"}) == [
        Ended("the server told the client not to come back")
    ]
    assert talk.client.phase is Phase.ENDED


def test_a_handshake_that_fails_is_tried_again() -> None:
    talk = Talk()
    talk.start()

    assert talk.refuse("handshake", "403::busy") == [Pause(1.0)]
    assert talk.wakes(1.0) == ["handshake"]
    assert talk.fails("handshake") == [Pause(3.0)]
    assert talk.wakes(3.0) == ["handshake"]
    assert talk.answer("handshake", clientId="") == [Pause(6.0)]


def test_a_handshake_that_is_denied_is_not() -> None:
    talk = Talk()
    talk.start()

    assert talk.refuse("handshake", "403::Handshake denied", advice={"reconnect": "none"}) == [
        Ended("the server refused the handshake: 403::Handshake denied")
    ]


def test_a_subscription_that_is_denied_ends_the_session() -> None:
    talk = Talk()
    talk.start()
    talk.answer("handshake")

    assert talk.refuse("subscribe", "403:/a:Forbidden channel") == [
        Ended("the server refused the subscription: 403:/a:Forbidden channel")
    ]


def test_a_subscription_that_got_no_answer_is_asked_for_again() -> None:
    talk = Talk()
    talk.start()
    talk.answer("handshake")
    talk.answer("connect")

    assert talk.fails("subscribe") == [Pause(1.0)]
    assert talk.wakes(1.0) == ["subscribe"]
    assert talk.answer("subscribe") == [Ready()]
    assert talk.fails("connect") == [Pause(2.0)]
    assert talk.wakes(2.0) == ["connect"]


def test_a_whole_reply_without_ours_is_a_failure() -> None:
    talk = Talk().together()
    batch = talk.open["connect"]

    assert talk.says(EVENT, number=batch.number) == [Received(channel="/a", data=1), Pause(1.0)]
    assert talk.wakes(1.0) == ["connect"]


def test_ids_of_others_are_not_ours() -> None:
    talk = Talk().together()
    ours = talk.open["connect"].messages[0]["id"]

    assert talk.says({**EVENT, "id": ours}) == [Received(channel="/a", data=1)]
    assert talk.says({"channel": "/a", "id": ours, "successful": True}) == []
    assert talk.says({"channel": "/meta/connect", "id": "99", "successful": True}) == []
    assert talk.answer("connect") == ["connect"]


def test_an_event_that_calls_itself_successful_is_an_event_all_the_same() -> None:
    assert Talk().together().says({**EVENT, "successful": True}) == [Received(channel="/a", data=1)]


def test_a_reply_that_comes_twice_counts_once() -> None:
    talk = Talk().together()
    reply = {"channel": "/meta/connect", "id": talk.open["connect"].messages[0]["id"], "successful": True}

    assert talk.says(reply) == ["connect"]
    assert talk.says(reply) == []


def test_what_an_earlier_session_still_waits_for_no_longer_matters() -> None:
    talk = Talk()
    talk.start()
    talk.answer("handshake")
    late = talk.open["subscribe"]
    [pause] = talk.refuse("connect", "402::Unknown client")
    talk.wakes(pause.at)

    assert talk.does(talk.client.failed(late.number, talk.now)) == []
    assert talk.wakes(talk.now + 5) == []


def test_a_goodbye_ends_the_session_once_it_is_answered() -> None:
    talk = Talk().together()

    assert talk.does(talk.client.disconnect()) == ["disconnect"]
    assert talk.answer("connect", EVENT, advice={"reconnect": "none"}) == [Received(channel="/a", data=1)]
    assert talk.answer("disconnect") == [Ended()]
    assert talk.fails("disconnect") == []


def test_a_goodbye_that_gets_no_answer_ends_the_session_too() -> None:
    talk = Talk().together()
    talk.does(talk.client.disconnect())

    assert talk.fails("connect") == []
    assert talk.fails("disconnect") == [Ended()]


def test_a_goodbye_before_the_handshake_is_answered_is_the_end_all_the_same() -> None:
    talk = Talk()
    talk.start()

    assert talk.does(talk.client.disconnect()) == [Ended()]
    assert talk.answer("handshake") == []
    assert talk.wakes(100.0) == []
    assert talk.client.phase is Phase.ENDED


def test_a_server_may_end_the_session_by_itself() -> None:
    talk = Talk().together()

    assert talk.says({"channel": "/meta/disconnect", "successful": True}) == [
        Ended("the server ended the session")
    ]


def test_every_message_has_an_id_of_its_own() -> None:
    talk = Talk().together()
    for _ in range(5):
        talk.answer("connect")

    assert msgspec.json.decode(msgspec.json.encode(talk.open["connect"].messages))[0]["id"] == "9"
