"""WebSockets over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from replay.wire import Woken

from .conftest import Loop
from .running import Running, run, until


async def say(socket: aiohttp.ClientWebSocketResponse, verb: str, **fields: Any) -> Any:
    await socket.send_json([{"channel": f"/meta/{verb}", "id": "x"} | fields])
    return await socket.receive_json()


async def join(running: Running, socket: aiohttp.ClientWebSocketResponse) -> None:
    (welcome,) = await say(socket, "handshake")
    running.client_id = welcome["clientId"]
    await say(socket, "subscribe", clientId=running.client_id, subscription="/a")


def test_events_and_replies_come_in_frames_of_their_own(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, running.http.ws_connect(running.server.cometd_url) as socket:
            await join(running, socket)
            await say(socket, "connect", clientId=running.client_id)
            running.clock.advance(1)

            assert await socket.receive_json() == [{"channel": "/a", "data": "hello"}]

    run(main(), loop)


def test_a_binary_frame_is_read_as_text(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, running.http.ws_connect(running.server.cometd_url) as socket:
            await socket.send_bytes(b'[{"channel":"/meta/handshake"}]')
            assert (await socket.receive_json())[0]["successful"]

    run(main(), loop)


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        ("hello", 1011, "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
        ("[]", 1011, "the batch is empty"),
        (b"\xff\xfe", 1011, "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
    ],
)
def test_a_malformed_frame_closes_the_socket_and_says_why(
    loop: Loop, frame: str | bytes, code: int, reason: str
) -> None:
    async def main() -> None:
        async with Running() as running, running.http.ws_connect(running.server.cometd_url) as socket:
            await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
            closing = await socket.receive()
            assert (closing.type, closing.data, closing.extra) == (WSMsgType.CLOSE, code, reason)

    run(main(), loop)


def test_a_frame_of_more_than_four_megabytes_closes_the_socket(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            reader, writer = await open_socket(running)
            writer.write(bytes([0x81, 0xFF]) + (5 << 20).to_bytes(8, "big") + b"\0\0\0\0" + b" " * 1_000)
            opcode, _, *code = await reader.readexactly(4)
            assert (opcode, int.from_bytes(bytes(code), "big")) == (0x88, 1009)
            writer.close()
            await writer.wait_closed()

    run(main(), loop)


@pytest.mark.parametrize(
    "headers",
    [
        "Upgrade: websocket",
        "Upgrade: websocket\r\nConnection: Upgrade",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x",
    ],
)
def test_an_upgrade_that_is_none_is_refused(loop: Loop, headers: str) -> None:
    async def main() -> None:
        async with Running() as running:
            answer = await running.raw(f"GET /cometd HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert answer.endswith(b"This is no WebSocket handshake.")

    run(main(), loop)


def test_an_upgrade_elsewhere_is_a_rest_request_that_nobody_knows(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await running.http.ws_connect(running.server.url + "/elsewhere")
            assert refused.value.status == 404

    run(main(), loop)


@pytest.mark.parametrize("wanted", ["websocket", "h2c"])
def test_a_post_that_wishes_for_an_upgrade_is_a_poll(loop: Loop, wanted: str) -> None:
    async def main() -> None:
        async with Running() as running:
            headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": wanted, "HTTP2-Settings": "AAMA"}
            message = json.dumps([{"channel": "/meta/handshake"}])
            async with running.http.post(
                running.server.cometd_url, data=message, headers=headers
            ) as response:
                assert (await response.json())[0]["successful"]

    run(main(), loop)


def test_a_socket_that_breaks_leaves_its_client_alive_and_its_events_queued(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            socket = await running.http.ws_connect(running.server.cometd_url)
            await join(running, socket)
            response = socket._response
            assert response.connection is not None
            assert response.connection.transport is not None
            response.connection.transport.abort()
            await until(lambda: running.client.socket is None)
            running.clock.advance(1)

            replies = await running.bayeux("connect")
            assert replies[0] == {"channel": "/a", "data": "hello"}
            await socket.close()

    run(main(), loop)


def test_a_socket_opened_early_is_silent_until_it_is_needed(loop: Loop) -> None:
    # As faye does: it opens a socket beside its handshake by HTTP, and may never use it.
    async def main() -> None:
        async with Running() as running, running.http.ws_connect(running.server.cometd_url) as socket:
            running.clock.advance(3600)
            await running.join()
            await say(socket, "connect", clientId=running.client_id, advice={"timeout": 0})
            running.clock.advance(1)

            assert await socket.receive_json() == [{"channel": "/a", "data": "hello"}]

    run(main(), loop)


def test_an_upgrade_is_refused_where_the_scenario_has_no_sockets_and_polls_go_on(loop: Loop) -> None:
    async def main() -> None:
        async with Running("cometd: {path: /cometd, transports: [long-polling]}") as running:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await running.http.ws_connect(running.server.cometd_url)
            assert refused.value.status == 400
            (welcome,) = await running.bayeux("handshake")
            assert welcome["supportedConnectionTypes"] == ["long-polling"]

    run(main(), loop)


def test_a_client_that_reads_too_slowly_is_cut_off_before_its_frames_fill_the_memory(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Running() as running:
            _, writer = await open_socket(running)
            writer.write(masked(b'[{"channel":"/meta/handshake"}]'))
            stage = running.server.stage
            await until(lambda: stage.simulator.bayeux.clients)
            ((running.client_id, client),) = stage.simulator.bayeux.clients.items()
            event = b'{"data":"' + b"x" * 2_000 + b'"}'
            while client.socket is not None:
                for _ in range(500):
                    stage.simulator.bayeux.publish(client, event, 0.0)
                stage.feed(Woken())
                await asyncio.wait([asyncio.ensure_future(until(lambda: True)) for _ in range(3)])
            writer.close()

    with caplog.at_level(logging.WARNING):
        run(main(), loop)
    assert [record.message for record in caplog.records] == [
        "a client reads too slowly: 10,001 frames of 20,132,013 bytes wait; its socket is closed "
        "(said once; the journal has them all)"
    ]


async def open_socket(running: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open WebSocket whose frames nobody reads for us."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1 << 10)
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    writer.write(f"GET /cometd HTTP/1.1\r\nHost: h\r\n{upgrade}\r\n{key}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


def masked(text: bytes) -> bytes:
    """A text frame as a client sends it, under a mask of zeros."""
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text
