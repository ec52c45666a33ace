"""An agent's desktop as somebody's project has it: synchronous, over real sockets and long polling."""

from __future__ import annotations

import http.cookiejar
import json
import urllib.error
import urllib.request
from typing import Any

PATIENCE = 20.0


class Agent:
    """One desktop; what reaches it is in `events`."""

    def __init__(self, url: str, cometd_url: str) -> None:
        self.url, self.cometd_url = url, cometd_url
        self.events: list[dict[str, Any]] = []
        self._client: dict[str, str] = {}
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, path: str) -> Any:
        return self._ask(self.url + path)

    def post(self, path: str, body: Any) -> Any:
        return self._ask(self.url + path, body)

    def start(self, *channels: str) -> None:
        """Shakes hands and subscribes."""
        answer = self.send("handshake", version="1.0", supportedConnectionTypes=["long-polling"])[0]
        self._client = {"clientId": answer["clientId"]}
        for channel in channels or ("/v2/me/chats",):
            self.send("subscribe", subscription=channel)

    def poll(self, **fields: Any) -> list[Any]:
        """One connect."""
        return self.send("connect", connectionType="long-polling", **fields)

    def until(self, state: str) -> dict[str, Any]:
        """Polls until a chat is in this state, and returns the chat."""
        while True:
            for event in self.events:
                chat: dict[str, Any] = event.get("chat", {})
                if chat.get("state") == state:
                    return chat
            self.poll()

    def accept(self, chat: str, **fields: Any) -> Any:
        """Accepts a chat; an answer that says no is an answer."""
        try:
            return self.post(f"/api/v2/me/chats/{chat}", {"operationName": "Accept"} | fields)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    def send(self, verb: str, **fields: Any) -> list[Any]:
        """One meta message; returns what came back."""
        answer: list[Any] = self._ask(self.cometd_url, [{"channel": f"/meta/{verb}"} | self._client | fields])
        self.events += [message["data"] for message in answer if "data" in message]
        return answer

    def _ask(self, url: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
        with self._opener.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)
