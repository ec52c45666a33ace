"""An agent desktop on PyPI's aiocometd-noloop; flags and observations as those of tests/upstream/agent.js."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
from typing import Any

import aiohttp
from aiocometd_noloop import Client, ConnectionType
from aiocometd_noloop.exceptions import AiocometdException
from aiocometd_noloop.extensions import Extension

Message = dict[str, Any]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--transport", default="long-polling", choices=["long-polling", "websocket"])
    parser.add_argument("--path", default="/api/v2/notifications")
    parser.add_argument("--user")
    parser.add_argument("--nickname", default="Marat")
    parser.add_argument("--channel", action="append")
    parser.add_argument("--expect", type=int, default=4)
    parser.add_argument("--timeout", type=float, default=15000)
    for flag in ("--auth-cometd", "--no-cookies", "--ready", "--get-me", "--unsubscribe"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def say(kind: str, **fields: Any) -> None:
    time = round(asyncio.get_running_loop().time() * 1000, 2)
    print(json.dumps({"t": time, "kind": kind, **fields}), flush=True)


class Observer(Extension):
    """Says what replies bring, and what the library asks for by itself."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers
        self.transport: str | None = None

    async def outgoing(self, payload: list[Message], headers: dict[str, str]) -> None:
        headers.update(self._headers)
        for message in payload:
            if message["channel"] == "/meta/connect":
                self.transport = message["connectionType"]

    async def incoming(self, payload: list[Message], headers: dict[str, str] | None = None) -> None:
        for message in payload:
            kind = {
                "/meta/handshake": "handshake",
                "/meta/subscribe": "subscribed",
                "/meta/unsubscribe": "unsubscribed",
            }.get(message["channel"])
            if message.get("successful") is False:
                say("failure", **{name: message.get(name) for name in ("channel", "error", "advice")})
            elif kind == "handshake":
                say(kind, successful=True, transport=self.transport)
            elif kind is not None:
                say(kind, channel=message["subscription"])


class Desk:
    """REST, and what follows from events."""

    def __init__(self, options: argparse.Namespace, http: aiohttp.ClientSession) -> None:
        self._options = options
        self._http = http
        self._base = options.url.rstrip("/")
        self._accepting: list[asyncio.Task[None]] = []
        self._events = 0

    async def rest(self, method: str, path: str, body: Message | None = None) -> None:
        say("request", method=method, path=path, **({"body": body} if body else {}))
        try:
            async with self._http.request(method, self._base + path, json=body) as response:
                say("answer", status=response.status, body=await response.json(content_type=None))
        except (aiohttp.ClientError, ValueError) as error:
            say("failure", method=method, path=path, error=str(error))

    def received(self, message: Message) -> None:
        self._events += 1
        data = message["data"]
        say("event", channel=message["channel"], data=data)
        chat = data.get("chat") if isinstance(data, dict) else None
        if chat and chat["state"] == "Invited":
            body = {"operationName": "Accept", "nickname": self._options.nickname}
            task = asyncio.create_task(self.rest("POST", f"/api/v2/me/chats/{chat['id']}", body))
            self._accepting.append(task)

    async def listen(self, client: Client) -> None:
        while self._events < self._options.expect:
            self.received(await client.receive())
        # The last event may come before the answer to the request that caused it.
        await asyncio.gather(*self._accepting)


async def main(options: argparse.Namespace) -> int:
    headers = {}
    if options.user:
        secret = base64.b64encode(f"{options.user}:secret".encode()).decode()
        headers = {"Authorization": f"Basic {secret}"}
    observer = Observer(headers if options.auth_cometd else {})
    # A browser's jar; the library keeps one of its own beside it.
    jar = aiohttp.DummyCookieJar() if options.no_cookies else aiohttp.CookieJar(unsafe=True)
    channels = options.channel or ["/v2/me/chats"]
    try:
        async with (
            asyncio.timeout(options.timeout / 1000),
            aiohttp.ClientSession(headers=headers, cookie_jar=jar) as http,
        ):
            desk = Desk(options, http)
            if options.ready:
                await desk.rest("POST", "/api/v2/me", {"operationName": "Ready"})
            if options.get_me:
                await desk.rest("GET", "/api/v2/me")
            url = options.url.rstrip("/") + options.path
            client = Client(url, ConnectionType(options.transport), extensions=[observer])
            async with client:
                for channel in channels:
                    await client.subscribe(channel)
                await desk.listen(client)
                for channel in channels if options.unsubscribe else []:
                    await client.unsubscribe(channel)
    except TimeoutError:
        say("failure", error=f"timeout after {options.timeout:.0f} ms")
        return 1
    except AiocometdException as error:
        say("failure", error=f"{type(error).__name__}: {error}")
        return 1
    say("disconnected", transport=observer.transport)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parse())))
