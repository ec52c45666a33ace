"""One HTTP request from its first byte to its answer, whatever it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from aiohttp import web
from aiohttp.http import StreamWriter

from replay.server import cors
from replay.server.connections import sever
from replay.server.stage import Begun, Outcome, Stage
from replay.wire import FRAMING, Answer, Cut, Headers, Input, is_empty


async def exchange(
    request: web.BaseRequest, stage: Stage, happening: Callable[[int], Input]
) -> web.StreamResponse:
    """Feeds an input and waits for its answer; a client that goes away meanwhile is reported."""
    waiting = Waiting()
    number = stage.open_exchange(waiting)
    try:
        stage.feed(happening(number))
        outcome = await waiting.future
        if isinstance(outcome, Answer):
            return response_of(outcome)
        if isinstance(outcome, Begun):
            return await _in_pieces(request, outcome)
        sever(request, with_reset=outcome.reset)
        # Nobody gets it: aiohttp finds the connection closed.
        return web.Response()
    except asyncio.CancelledError:
        stage.lose_exchange(number)
        raise
    except ConnectionError:
        # It ended a moment ago, and the cancellation is on its way.
        stage.lose_exchange(number)
        return web.Response()
    finally:
        stage.close_exchange(number)


class Waiting:
    """The answer of an exchange, to be waited for."""

    def __init__(self) -> None:
        self.future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def take(self, outcome: Outcome) -> bool:
        """Here it is; whether it is still waited for."""
        if self.future.done():
            return False
        self.future.set_result(outcome)
        return True

    def let_go(self) -> None:
        """There will be none."""
        self.future.cancel()


def response_of(answer: Answer) -> web.Response:
    """An answer as aiohttp sends it."""
    response = web.Response(status=answer.status, body=answer.body)
    _add_headers(response, answer.headers)
    return response


async def _in_pieces(request: web.BaseRequest, begun: Begun) -> web.StreamResponse:
    head = begun.head
    response = web.StreamResponse(status=head.status)
    _add_headers(response, head.headers)
    response.content_length = head.length
    cors.admit(request, response)
    await response.prepare(request)
    writer = cast("StreamWriter", request.writer)
    missing = 0 if is_empty(request.method, head.status) else head.length
    while missing > 0:
        effect = await begun.due.get()
        if isinstance(effect, Cut):
            sever(request, with_reset=effect.reset)
            break
        # No wait for a slow reader: a cut must not wait for it either, and there is never more to keep
        # than the answer, which has been kept all the time.
        await writer.write(effect.body, drain=False)
        missing -= len(effect.body)
    return response


def _add_headers(response: web.StreamResponse, headers: Headers) -> None:
    for name, value in headers:
        if name.lower() not in FRAMING:
            response.headers.add(name, value)
