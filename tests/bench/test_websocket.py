"""The load client's own WebSocket, before a real one (aiohttp's), and with its bytes cut anywhere."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from aiohttp import WSMsgType, web
from hypothesis import given
from hypothesis import strategies as st

from bench.websocket import Socket

SIZES = [0, 1, 125, 126, 65_535]


async def _echo(request: web.Request) -> web.WebSocketResponse:
    response = web.WebSocketResponse()
    await response.prepare(request)
    await response.ping(b"there?")
    async for message in response:
        assert message.type is WSMsgType.TEXT
        await response.send_str(message.data)
    return response


@pytest.mark.live
def test_frames_of_any_length_come_back_as_they_went() -> None:
    async def talk() -> list[bytes]:
        app = web.Application()
        app.router.add_get("/echo", _echo)
        runner = web.AppRunner(app, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        heard: list[bytes] = []
        complete = asyncio.Event()

        def hear(text: bytes) -> None:
            heard.append(text)
            if len(heard) == len(SIZES):
                complete.set()

        socket = Socket(hear, lambda why: heard.append(why.encode()))
        await socket.upgrade("127.0.0.1", runner.addresses[0][1], "/echo", [])
        for size in SIZES:
            socket.send(b"x" * size)
        async with asyncio.timeout(60):
            await complete.wait()
        socket.close()
        await runner.cleanup()
        return heard

    assert asyncio.run(talk()) == [b"x" * size for size in SIZES]


@given(st.lists(st.binary(max_size=300), max_size=5), st.lists(st.integers(0, 1_600), max_size=6))
def test_frames_may_be_cut_anywhere(texts: list[bytes], cuts: list[int]) -> None:
    wire = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + b"".join(map(_sent, texts))
    ends = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    heard: list[bytes] = []

    async def read() -> None:
        socket = Socket(heard.append, pytest.fail)
        for begin, end in itertools.pairwise(ends):
            socket.data_received(wire[begin:end])

    asyncio.run(read())

    assert heard == texts


def _sent(text: bytes) -> bytes:
    """A frame of a server: not masked."""
    length = bytes([len(text)]) if len(text) < 126 else b"\x7e" + len(text).to_bytes(2, "big")
    return b"\x81" + length + text
