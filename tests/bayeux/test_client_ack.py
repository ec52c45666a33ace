"""The client engine: acknowledging what came."""

from __future__ import annotations

from typing import Any

import pytest

from replay.bayeux.client import Action, Batch, BayeuxClient, Pause

Message = dict[str, Any]


class Conversation:
    """A client, and what it said and did."""

    def __init__(self, *, ack: bool = True) -> None:
        self.client = BayeuxClient(transport="long-polling", subscriptions=(), ack=ack)
        self.now = 0.0
        self.batches: list[Batch] = []
        self.done: list[Action] = []
        self.take(self.client.start())

    def take(self, actions: list[Action]) -> None:
        self.done = [action for action in actions if not isinstance(action, Batch)]
        self.batches += [action for action in actions if isinstance(action, Batch)]

    def answer(self, verb: str, *events: Message, **fields: Any) -> None:
        """Answers the latest unanswered message of this kind."""
        batch = next(
            each for each in reversed(self.batches) if each.messages[0]["channel"] == f"/meta/{verb}"
        )
        reply = {"channel": f"/meta/{verb}", "id": batch.messages[0]["id"], "successful": True} | fields
        self.batches.remove(batch)
        self.take(self.client.received([*events, reply], self.now, number=batch.number))

    def fail(self, verb: str) -> None:
        batch = next(each for each in self.batches if each.messages[0]["channel"] == f"/meta/{verb}")
        self.batches.remove(batch)
        self.take(self.client.failed(batch.number, self.now))

    def wait(self) -> float:
        """Sleeps as long as the client asked; how long that was, in seconds."""
        (pause,) = (action for action in self.done if isinstance(action, Pause))
        waited, self.now = round(pause.at - self.now, 6), pause.at
        self.take(self.client.wake(self.now))
        return waited

    @property
    def last(self) -> Message:
        return self.batches[-1].messages[0]


def test_acknowledgement_is_asked_for_and_then_given_with_every_connect() -> None:
    conversation = Conversation()
    asked = conversation.last["ext"]
    conversation.answer("handshake", clientId="me", ext={"ack": True})
    first = conversation.last["ext"]
    conversation.answer("connect", ext={"ack": 1})
    second = conversation.last["ext"]
    conversation.fail("connect")
    conversation.wait()

    assert [asked, first, second, conversation.last["ext"]] == [
        {"ack": True},
        {"ack": 0},
        {"ack": 1},
        {"ack": 1},
    ]


@pytest.mark.parametrize(
    ("granted", "sent"),
    [
        (True, {"ack": 0}),
        ({"enabled": True, "batch": 7}, {"ack": 7}),
        ({"enabled": False}, None),
        (False, None),
        (None, None),
    ],
)
def test_what_the_server_grants_decides_where_the_numbers_begin(granted: Any, sent: Any) -> None:
    conversation = Conversation()

    conversation.answer("handshake", clientId="me", ext={"ack": granted})

    assert conversation.last.get("ext") == sent


def test_whoever_did_not_ask_acknowledges_nothing() -> None:
    conversation = Conversation(ack=False)
    conversation.answer("handshake", clientId="me", ext={"ack": True})

    conversation.answer("connect", ext={"ack": 1})

    assert "ext" not in conversation.last
