"""Two clients in one recording, whose ids are alike, as those of all clients of cometd.js are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.distil.notes import Notes
from replay.distil.packed import Stream
from replay.distil.streams import unwrap
from replay.profiles.genesys import PROFILE

from .recorded import CHATS, EPOCH, MOUNT, Recorded, delivered, event

INVITED, CHATTING = event("Invited"), event("Chatting")


def stream(*recorded: Recorded) -> Stream:
    """All of them in one recording."""
    found = sorted((e for each in recorded for e in each.exchanges), key=lambda each: each.began)
    numbered = [msgspec.structs.replace(each, number=at, connection="1") for at, each in enumerate(found, 1)]
    return unwrap(numbered, PROFILE, Notes())


def heard(found: Stream) -> list[tuple[str, Any]]:
    return [(each.client, each.data) for each in found.events]


def listens(found: Stream) -> list[tuple[str, tuple[str, ...], float]]:
    return [(each.client, each.patterns, round(each.at - EPOCH, 3)) for each in found.subscriptions]


def test_on_one_connection_of_a_proxy_each_client_has_its_own_subscription_and_events() -> None:
    ann = Recorded("ann").shaken(0.0).poll(0.1, 2.0, events=[INVITED])
    bob = Recorded("bob").shaken(0.002, listens="/other").poll(0.102, 3.0, events=[CHATTING])
    found = stream(ann, bob)

    assert [client.name for client in found.clients] == ["ann", "bob"]
    assert listens(found) == [("ann", (CHATS,), 0.01), ("bob", ("/other",), 0.012)]
    assert heard(found) == [("ann", INVITED[1]), ("bob", CHATTING[1])]


@pytest.mark.parametrize("make", [lambda given: None, int], ids=["left out", "numbers"])
def test_a_server_may_leave_ids_out_of_its_replies_or_make_numbers_of_them(make: Any) -> None:
    recorded = Recorded("ann")
    for at, verb, fields in (
        (0.0, "handshake", {}),
        (0.1, "subscribe", {"subscription": CHATS}),
        (0.2, "connect", {}),
    ):
        sent = recorded.message(verb, **fields)
        reply = {"channel": sent["channel"], "id": make(sent["id"]), "successful": True, "clientId": "ann"}
        body = msgspec.json.encode([{key: value for key, value in reply.items() if value is not None}])
        recorded.exchange("POST", MOUNT, msgspec.json.encode([sent]), at, at + 0.05, answer=body)
    found = stream(recorded)

    assert [client.name for client in found.clients] == ["ann"]
    assert listens(found) == [("ann", (CHATS,), 0.1)]


def test_a_reply_to_another_client_is_not_to_ours_although_its_id_is() -> None:
    recorded = Recorded("ann").handshake()
    sent = recorded.message("subscribe", subscription=CHATS)
    reply = {"channel": sent["channel"], "id": sent["id"], "successful": True, "clientId": "bob"}
    recorded.exchange(
        "POST", MOUNT, msgspec.json.encode([sent]), 0.1, 0.2, answer=msgspec.json.encode([reply])
    )

    assert listens(stream(recorded)) == []


def test_messages_without_ids_are_answered_in_order() -> None:
    recorded = Recorded("ann").handshake()
    wanted = ("/refused", "/granted")
    sent = [{"channel": "/meta/subscribe", "clientId": "ann", "subscription": each} for each in wanted]
    said = [
        {"channel": "/meta/subscribe", "successful": False, "error": "403::No"},
        {"channel": "/meta/subscribe", "successful": True},
    ]
    recorded.exchange("POST", MOUNT, msgspec.json.encode(sent), 0.1, 0.2, answer=msgspec.json.encode(said))
    found = stream(recorded)

    assert listens(found) == [("ann", ("/granted",), 0.1)]
    assert [each.fault for each in found.mishaps["ann"]] == ["subscribe-refused"]


def test_on_one_socket_two_clients_with_the_same_ids_are_told_apart() -> None:
    def message(verb: str, number: int, **fields: Any) -> dict[str, Any]:
        return {"id": str(number), "channel": f"/meta/{verb}", **fields}

    def granted(verb: str, number: int, **fields: Any) -> dict[str, Any]:
        return message(verb, number, successful=True, **fields)

    recorded = Recorded().socket(
        0.0,
        (0.0, ">", [message("handshake", 1)]),
        (0.1, "<", [granted("handshake", 1, clientId="ann")]),
        (0.2, ">", [message("handshake", 1)]),
        (0.3, "<", [granted("handshake", 1, clientId="bob")]),
        (0.4, ">", [message("subscribe", 2, clientId="ann", subscription=CHATS)]),
        (0.5, ">", [message("subscribe", 2, clientId="bob", subscription="/other")]),
        (0.6, "<", [granted("subscribe", 2, subscription="/other")]),
        (0.7, "<", [granted("subscribe", 2, subscription=CHATS)]),
        (0.8, "<", delivered([INVITED])),
    )
    found = stream(recorded)

    assert [client.name for client in found.clients] == ["ann", "bob"]
    assert listens(found) == [("ann", (CHATS,), 0.4), ("bob", ("/other",), 0.5)]
