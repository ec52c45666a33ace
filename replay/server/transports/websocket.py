"""Batches in text frames, both ways, on one socket."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSMsgType, web

from replay.server.requests import MAX_BODY, base_url_of, headers_of
from replay.server.stage import Stage
from replay.wire import Close, Send, SocketLost, SocketOpened, SocketText

log = logging.getLogger(__name__)

UNSENT_LIMIT = 10_000
"""Frames that may wait for a slow reader before its socket is closed."""


CLOSE_TIMEOUT = 1.0
"""Seconds a client gets to answer a close."""


class WebSocket:
    """`websocket` of the CometD reference: the upgrade comes to the mount itself."""

    def takes(self, request: web.BaseRequest) -> bool:
        """Every upgrade."""
        return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Carries frames until either side closes."""
        response = web.WebSocketResponse(max_msg_size=MAX_BODY, timeout=CLOSE_TIMEOUT)
        if not response.can_prepare(request).ok:
            return web.Response(status=400, text="This is no WebSocket handshake.")
        await response.prepare(request)
        unsent: asyncio.Queue[Send | Close] = asyncio.Queue()

        def write(effect: Send | Close) -> None:
            unsent.put_nowait(effect)
            if unsent.qsize() > UNSENT_LIMIT:
                log.warning("a client reads too slowly: %d frames wait; its socket is closed", unsent.qsize())
                stage.close_socket(number)
                # No closing handshake: its frames would wait behind the others.
                if request.transport is not None:
                    request.transport.abort()

        number = stage.open_socket(write)
        headers = headers_of(request)
        opened = SocketOpened(socket=number, mount=mount, headers=headers, base_url=base_url_of(request))
        reading = asyncio.ensure_future(_read(response, number, stage))
        writing = asyncio.ensure_future(_write(response, unsent))
        try:
            stage.feed(opened)
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stage.close_socket(number)
            stage.feed(SocketLost(socket=number))
            for task in (reading, writing):
                task.cancel()
            for outcome in await asyncio.gather(reading, writing, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("a socket failed", exc_info=outcome)
            await response.close()
        return response


async def _read(response: web.WebSocketResponse, number: int, stage: Stage) -> None:
    async for frame in response:
        if frame.type is WSMsgType.TEXT:
            stage.feed(SocketText(socket=number, body=frame.data.encode()))
        elif frame.type is WSMsgType.BINARY:
            stage.feed(SocketText(socket=number, body=frame.data))


async def _write(response: web.WebSocketResponse, unsent: asyncio.Queue[Send | Close]) -> None:
    while True:
        effect = await unsent.get()
        if isinstance(effect, Close):
            await response.close(code=effect.code, message=effect.reason.encode())
            return
        try:
            await response.send_str(effect.body.decode())
        except ConnectionError:
            return
