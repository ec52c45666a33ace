"""The transports there are, each held to what all of them do."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from tests.behaviours.transport import Carrier, Messages, TransportBehaviours


class LongPolling(Carrier):
    name = "long-polling"

    async def carry(self, batch: Messages) -> None:
        async with self.http.post(self.url, json=batch, raise_for_status=True) as response:
            self.take(await response.json())


class Form(LongPolling):
    async def carry(self, batch: Messages) -> None:
        form = [("message", json.dumps(message)) for message in batch]
        async with self.http.post(self.url, data=form, raise_for_status=True) as response:
            self.take(await response.json())


class CallbackPolling(Carrier):
    name = "callback-polling"

    async def carry(self, batch: Messages) -> None:
        query = {"jsonp": "_cometd_jsonp_0", "message": json.dumps(batch)}
        async with self.http.get(self.url, params=query, raise_for_status=True) as response:
            script = await response.text()
            self.take(json.loads(script.removeprefix("/**/_cometd_jsonp_0(").removesuffix(");")))


class WebSocket(Carrier):
    name = "websocket"
    socket: aiohttp.ClientWebSocketResponse | None = None
    reading: asyncio.Task[None] | None = None

    async def carry(self, batch: Messages) -> None:
        if self.socket is None or self.socket.closed:
            self.socket = await self.http.ws_connect(self.url)
            self.reading = asyncio.ensure_future(self._read(self.socket))
        await self.socket.send_json(batch)

    async def close(self) -> None:
        if self.socket is not None and self.reading is not None:
            self.reading.cancel()
            await asyncio.wait([self.reading])
            await self.socket.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            self.take(frame.json())


class TestLongPolling(TransportBehaviours):
    carrier = LongPolling


class TestForm(TransportBehaviours):
    carrier = Form


class TestCallbackPolling(TransportBehaviours):
    carrier = CallbackPolling


class TestWebSocket(TransportBehaviours):
    carrier = WebSocket
    news_ends_a_hold = False
