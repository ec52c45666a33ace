"""A server in a test: real sockets, a clock moved by hand, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp

from replay.clock import ManualClock
from replay.server.runner import Server
from replay.testing import scenario

STORY = """
cometd: {path: /cometd}
variables: {name: {recorded: Ann}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
  - {id: where, request: GET /where, respond: {after: 0s, body: "${base_url}"}}
  - {id: slow, request: GET /slow, respond: {after: 5s, body: at last}}
  - {id: greet, request: "POST /greet/${name}", repeat: last, respond: {body: "${name}"}}
  - {id: greeted, push: /a, after: greet, data: "${greet.name}"}
  - {id: empty, request: GET /empty, respond: {status: 204, body: 1}}
  - id: framed
    request: GET /framed
    respond: {headers: {Content-Length: "300", Transfer-Encoding: chunked, X-Kept: "1"}, body: [1]}
"""


def run(
    main: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop], *, seconds: float = 60
) -> None:
    """Runs a test to its end, and fails if tasks, errors or unclosed things are left behind."""
    problems: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: problems.append(problem))
        async with asyncio.timeout(seconds):
            await main
        await until(lambda: len(asyncio.all_tasks()) == 1)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(watched())
    gc.collect()
    assert problems == []


async def until(condition: Callable[[], Any], *, seconds: float = 5) -> None:
    """Gives the loop turns until something holds."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds):
        while not condition():
            turn: asyncio.Future[None] = loop.create_future()
            loop.call_soon(turn.set_result, None)
            await turn


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


class Running:
    """A server on a clock moved by hand, and a client of it."""

    def __init__(self, text: str = STORY, **settings: Any) -> None:
        self.clock = ManualClock(1000.0)
        self.server = Server([scenario(text)], clock=self.clock, **settings)
        self.client_id = ""

    async def __aenter__(self) -> Running:
        await self.server.__aenter__()
        # One connection a request, so that a request can be broken off by itself.
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self.server.__aexit__(None, None, None)

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    @property
    def client(self) -> Any:
        """The Bayeux client as the server sees it."""
        return self.server.stage.simulator.bayeux.clients[self.client_id]

    async def bayeux(self, verb: str, path: str = "", **fields: Any) -> Any:
        """Sends one meta message; returns the messages of its answer."""
        named = {"clientId": self.client_id} if verb != "handshake" else {}
        message = {"channel": f"/meta/{verb}", "id": "x"} | named | fields
        async with self.http.post(self.server.cometd_url + path, json=[message]) as response:
            body = await response.text()
            return json.loads(body) if response.status == 200 else (response.status, body)

    async def join(self) -> None:
        """Shakes hands, subscribes to /a, and connects for the first time."""
        (welcome,) = await self.bayeux("handshake", "/handshake")
        self.client_id = welcome["clientId"]
        await self.bayeux("subscribe", "/", subscription="/a")
        await self.bayeux("connect", "/connect", advice={"timeout": 0})

    async def raw(self, request: bytes, *, half: bool = False) -> bytes:
        """What comes back for these bytes on a connection of their own: one answer, or all until silence."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        if half:
            writer.write_eof()
        received = b""
        try:
            async with asyncio.timeout(0.15):
                while not _is_whole(received) and (chunk := await reader.read(1 << 16)):
                    received += chunk
        except TimeoutError:
            pass
        finally:
            writer.close()
            await writer.wait_closed()
        return received


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(end) and length is not None and len(body) >= int(length[1])
