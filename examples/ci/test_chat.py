"""A client in Python, of which pytest's fixture `simulator` is the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest


def told(http: httpx.Client) -> Iterator[Any]:
    """What an agent is told of its chats, event by event."""

    def bayeux(channel: str, **fields: Any) -> Any:
        return http.post("/api/v2/notifications", json=[{"channel": channel, **fields}]).json()

    (welcome,) = bayeux("/meta/handshake", version="1.0", supportedConnectionTypes=["long-polling"])
    me = {"clientId": welcome["clientId"]}
    bayeux("/meta/subscribe", **me, subscription="/v2/me/chats")
    while True:
        answer = bayeux("/meta/connect", **me, connectionType="long-polling")
        yield from (message["data"] for message in answer if "data" in message)


@pytest.mark.replay("chat.yaml", speed="max")
def test_an_agent_accepts_a_chat_and_reads_what_was_said(simulator: Any) -> None:
    with httpx.Client(base_url=simulator.url, auth=("ann", "secret")) as http:
        events = told(http)
        chat = next(events)["chat"]["id"]

        body = {"operationName": "Accept", "nickname": "Marat"}
        accepted = http.post(f"/api/v2/me/chats/{chat}", json=body)

        assert accepted.json() == {"statusCode": 0}
        assert next(events)["chat"]["state"] == "Chatting"
        assert next(events)["messages"][1]["text"] == "Hello World"
