"""Batches in text frames, both ways, on one socket."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSMsgType, web

from replay.server.connections import deafen, reset, sever
from replay.server.requests import MAX_BODY, base_url_of, headers_of
from replay.server.stage import Stage
from replay.simulator.brought import NAME as BROUGHT
from replay.wire import Close, Cut, Deafen, Send, SocketLost, SocketOpened, SocketText

log = logging.getLogger(__name__)

UNSENT_LIMIT = 10_000
"""Frames that may wait for a slow reader before its socket is closed."""
UNSENT_BYTES = 32 << 20
"""Bytes of them."""
AHEAD = 1 << 16
"""Bytes that the kernel has not taken yet, with which a frame waits for its turn."""

CLOSE_TIMEOUT = 1.0
"""Seconds a client gets to answer a close."""


class WebSocket:
    """`websocket` of the CometD reference: the upgrade comes to the mount itself."""

    def takes(self, request: web.BaseRequest) -> bool:
        """Every upgrade."""
        return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Carries frames until either side closes."""
        if BROUGHT in request.headers:
            what = f"a WebSocket is no single request: {BROUGHT} cannot be said of it"
            advice = "Put the fault up by the control call POST faults."
            return web.json_response({"error": {"what": what, "help": advice, "problems": []}}, status=400)
        response = web.WebSocketResponse(max_msg_size=MAX_BODY, timeout=CLOSE_TIMEOUT)
        if not response.can_prepare(request).ok:
            return web.Response(status=400, text="This is no WebSocket handshake.")
        if stage.route is not None and not stage.route.carried(request.headers.get("Cookie", "")):
            for name, value in stage.route.headers(base_url_of(request)):
                response.headers.add(name, value)
        await response.prepare(request)
        line = _Line(request, response, stage)
        number = stage.open_socket(line.take)
        headers = headers_of(request)
        opened = SocketOpened(
            socket=number,
            mount=mount,
            headers=headers,
            base_url=base_url_of(request),
            target=request.raw_path,
        )
        try:
            await line.carry(number, opened)
        finally:
            stage.close_socket(number)
            stage.feed(SocketLost(socket=number))
            for task in line.tasks:
                task.cancel()
            for outcome in await asyncio.gather(*line.tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("a socket failed", exc_info=outcome)
            await response.close()
        return response


class _Line:
    """One open socket: what goes out on it in order, and what comes in."""

    def __init__(self, request: web.BaseRequest, response: web.WebSocketResponse, stage: Stage) -> None:
        self.tasks: tuple[asyncio.Task[None], ...] = ()
        self._request = request
        self._response = response
        self._stage = stage
        self._transport = request.transport
        self._loop = asyncio.get_running_loop()
        self._ready: list[bytes] = []
        """Frames of this turn, which leave together."""
        self._ready_bytes = 0
        self._unsent: asyncio.Queue[Send | Close | Cut] = asyncio.Queue()
        self._bytes = 0
        self._stuck = False
        self._deaf = False

    async def carry(self, number: int, opened: SocketOpened) -> None:
        """Carries frames until either side closes; a deaf line, until its connection ends."""
        self.tasks = (asyncio.ensure_future(self._read(number)), asyncio.ensure_future(self._write()))
        self._stage.feed(opened)
        await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        if self._deaf:
            # Whoever handles a request is cancelled when its connection ends.
            await asyncio.get_running_loop().create_future()

    def take(self, effect: Send | Close | Cut | Deafen) -> None:
        """Takes what is to be done on the socket, behind what it took before."""
        if isinstance(effect, Send) and self._flows():
            if not self._ready:
                self._loop.call_soon(self._flush)
            self._ready.append(frame_of(effect.body))
            self._ready_bytes += len(effect.body)
            return
        self._flush()
        if isinstance(effect, Deafen):
            self._deaf = True
            for task in self.tasks:
                task.cancel()
            deafen(self._request)
        elif isinstance(effect, Cut) and (self._stuck or self._deaf):
            sever(self._request, with_reset=effect.reset)
        else:
            self._unsent.put_nowait(effect)
            self._bytes += _size(effect)
            if self._unsent.qsize() > UNSENT_LIMIT or self._bytes > UNSENT_BYTES:
                self._give_up(effect)

    def _flush(self) -> None:
        """What was ready leaves: what falls on one moment is one packet, and one call of the kernel."""
        frames, self._ready, self._ready_bytes = self._ready, [], 0
        if frames and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(frames))

    def _flows(self) -> bool:
        """Whether nothing is before a frame that goes out now, as it is: most go this way, without a task."""
        if self._stuck or self._deaf or self._response.compress or self._unsent.qsize():
            return False
        transport = self._transport
        return (
            transport is not None
            and not transport.is_closing()
            and not self._response.closed
            and transport.get_write_buffer_size() + self._ready_bytes < AHEAD
        )

    def _give_up(self, effect: Send | Close | Cut) -> None:
        stage, waiting = self._stage, self._unsent.qsize()
        unsent = f"{waiting:,} frames of {self._bytes:,} bytes"
        why = f"a client reads too slowly: {unsent} wait; its socket is closed"
        stage.simulator.turnstile.turned_away("reading", why, stage.clock.now())
        self._stage.close_socket(effect.carrier if isinstance(effect, Cut) else effect.socket)
        # No closing handshake: its frame would wait behind the others, which the kernel forgets too.
        reset(self._request.transport)

    async def _read(self, number: int) -> None:
        async for frame in self._response:
            if frame.type is WSMsgType.TEXT:
                self._stage.feed(SocketText(socket=number, body=frame.data.encode()))
            elif frame.type is WSMsgType.BINARY:
                self._stage.feed(SocketText(socket=number, body=frame.data))

    async def _write(self) -> None:
        while True:
            effect = await self._unsent.get()
            self._bytes -= _size(effect)
            if isinstance(effect, Close):
                await self._response.close(code=effect.code, message=effect.reason.encode())
                return
            if isinstance(effect, Cut):
                sever(self._request, with_reset=effect.reset)
                return
            # Seen by others only while the client does not read.
            self._stuck = True
            try:
                await self._response.send_str(effect.body.decode())
            except ConnectionError:
                return
            self._stuck = False


def frame_of(text: bytes) -> bytes:
    """A whole text frame, as a server sends it: not masked (RFC 6455, 5.2)."""
    length = len(text)
    if length < 126:
        return b"\x81%c%b" % (length, text)
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + text
    return b"\x81\x7f" + length.to_bytes(8, "big") + text


def _size(effect: Send | Close | Cut) -> int:
    return len(effect.body) if isinstance(effect, Send) else 0
