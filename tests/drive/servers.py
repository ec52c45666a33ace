"""Servers on loopback that are less than well."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server that hands every request to `handler`; yields its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def nobody() -> str:
    """The URL of a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def replies(messages: list[dict[str, Any]], *events: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """A granted reply to each message, after some events."""
    granted = [
        {"channel": each["channel"], "id": each["id"], "successful": True, "clientId": "c1"} | fields
        for each in messages
    ]
    return [*events, *granted]


async def messages_of(request: web.Request) -> list[dict[str, Any]]:
    """What a poll brought."""
    found: list[dict[str, Any]] = msgspec.json.decode(await request.read())
    return found
