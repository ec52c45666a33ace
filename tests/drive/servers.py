"""Servers on loopback that are less than well."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from threading import Thread
from typing import Any

import msgspec
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that hands every request to `handler`; yields its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def aside(served: AbstractAsyncContextManager[str]) -> Iterator[str]:
    """A server in a thread of its own, for commands that have a loop themselves; yields its URL."""
    ready: Future[str] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with served as url:
            ready.set_result(url)
            await ended.wait()

    thread = Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ready.result(20)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


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
