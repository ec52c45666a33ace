"""An agent's desktop in fifty lines: it takes one chat, and prints what it is told.

    python desktop.py http://127.0.0.1:8090

`HTTP_PROXY` and `SSL_CERT_FILE` count, and the user and password of the URL. Put your own in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import httpx


def events(http: httpx.Client) -> Iterator[dict[str, Any]]:
    """What the agent is told of its chats: a CometD client on long polling."""

    def bayeux(channel: str, **fields: Any) -> Any:
        return http.post("/api/v2/notifications", json=[{"channel": channel, **fields}]).json()

    (welcome,) = bayeux("/meta/handshake", version="1.0", supportedConnectionTypes=["long-polling"])
    me = {"clientId": welcome["clientId"]}
    bayeux("/meta/subscribe", **me, subscription="/v2/me/chats")
    while True:
        answer = bayeux("/meta/connect", **me, connectionType="long-polling")
        yield from (message["data"] for message in answer if "data" in message)


def main() -> None:
    """Until somebody has said something, or it cannot go on."""
    with httpx.Client(base_url=sys.argv[1], timeout=60) as http:
        me = http.get("/api/v2/me").json()["user"]
        print("logged in as", me["userName"])
        for event in events(http):
            chat = event.get("chat", {})
            if chat:
                print(event["notificationType"], chat["id"], chat["state"])
            if chat.get("state") == "Invited":
                body = {"operationName": "Accept", "nickname": me["firstName"]}
                answer = http.post(f"/api/v2/me/chats/{chat['id']}", json=body)
                print("accepted:" if answer.is_success else "not accepted:", answer.status_code)
                if answer.is_error:
                    break
            texts = [message["text"] for message in event.get("messages", ()) if "text" in message]
            if texts:
                print("the customer says:", *texts)
                break


if __name__ == "__main__":
    main()
