"""One HTTP request from its first byte to its answer, whatever it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from replay.server.stage import Stage
from replay.wire import Answer, ExchangeLost, Input

FRAMING = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})
"""Headers of a connection of long ago; what is sent now is framed by aiohttp."""


async def exchange(stage: Stage, happening: Callable[[int], Input]) -> web.Response:
    """Feeds an input and waits for its answer; a client that goes away meanwhile is reported."""
    number, future = stage.open_exchange()
    try:
        stage.feed(happening(number))
        return response_of(await future)
    except asyncio.CancelledError:
        stage.feed(ExchangeLost(exchange=number))
        raise
    finally:
        stage.close_exchange(number)


def response_of(answer: Answer) -> web.Response:
    """An answer as aiohttp sends it."""
    response = web.Response(status=answer.status, body=answer.body)
    for name, value in answer.headers:
        if name.lower() not in FRAMING:
            response.headers.add(name, value)
    return response
