"""A server of one agent's story that gets something wrong: what the benchmark must see.

It answers every Bayeux message of a client that polls, as far as the load client needs; what it says after an
Accept is up to `tell`, which makes the events that leave of those that should.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bench.servers import Listening
from bench.watching import CHANNEL, KINDS

Events = list[dict[str, Any]]


def events_of(chat: str) -> Events:
    """What should follow an Accept."""
    return [{"channel": CHANNEL, "data": {"chat": {"id": chat}, "notificationType": kind}} for kind in KINDS]


@asynccontextmanager
async def wrong_server(tell: Callable[[Events], Events], answer: Any = None) -> AsyncIterator[Listening]:
    """Listens until the block ends; `pid` is this process."""
    polls: dict[str, asyncio.Queue[Events]] = {}

    async def bayeux(request: web.Request) -> web.Response:
        message = (await request.json())[0]
        client = message.get("clientId") or str(len(polls) + 1)
        waiting = polls.setdefault(client, asyncio.Queue())
        held = message["channel"] == "/meta/connect" and "advice" not in message
        events = await waiting.get() if held else []
        reply = {"channel": message["channel"], "clientId": client, "successful": True}
        return web.json_response([*events, reply])

    async def accept(request: web.Request) -> web.Response:
        told = polls.get(request.headers.get("X-Client", ""))
        if told is not None:
            told.put_nowait(tell(events_of(request.match_info["chat"])))
        return web.json_response(answer or {"statusCode": 0})

    app = web.Application()
    app.router.add_post("/api/v2/me/chats/{chat}", accept)
    app.router.add_post("/api/v2/notifications/{rest:.*}", bayeux)
    # Nought would wait for polls that are held for ever.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Listening(os.getpid(), "127.0.0.1", runner.addresses[0][1])
    finally:
        await runner.cleanup()
