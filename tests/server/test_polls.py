"""Long polling over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from replay.server.requests import MAX_BODY

from .conftest import Loop
from .running import Running, run, until

HELLO = {"channel": "/a", "data": "hello"}
CONNECTED = {"channel": "/meta/connect", "successful": True, "id": "x"}


def test_a_held_poll_is_answered_when_its_event_is_due(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await running.join()
            held = asyncio.ensure_future(running.bayeux("connect", "/connect"))
            await until(lambda: running.client.hold)
            running.clock.advance(0.999)
            assert not held.done()
            running.clock.advance(0.001)

            assert await held == [HELLO, CONNECTED]

    run(main(), loop)


def test_a_poll_of_an_hour_takes_no_time_on_a_clock_moved_by_hand(loop: Loop) -> None:
    async def main() -> None:
        async with Running("cometd: {path: /cometd, timeout: 1h}") as running:
            await running.join()
            held = asyncio.ensure_future(running.bayeux("connect"))
            await until(lambda: running.client.hold)
            running.clock.advance(3600)

            assert await held == [CONNECTED]

    run(main(), loop)


def test_the_path_below_the_mount_never_decides_anything(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            for path in ("", "/", "/handshake", "/connect", "/x/y?z=1", "/%20"):
                (reply,) = await running.bayeux("handshake", path)
                assert reply["successful"]

    run(main(), loop)


def test_a_chunked_batch_is_read_whole(loop: Loop) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for byte in b'[{"channel":"/meta/handshake","id":"\xc3\xbc"}]':
            yield bytes([byte])

    async def main() -> None:
        async with (
            Running() as running,
            running.http.post(running.server.cometd_url, data=chunks()) as response,
        ):
            assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
            assert (await response.json())[0]["id"] == "ü"

    run(main(), loop)


@pytest.mark.parametrize("path", ["/cometd", "/greet/x"])
def test_a_body_of_more_than_four_megabytes_is_refused(loop: Loop, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b" " * (1 << 20)

    async def main() -> None:
        async with Running() as running:
            async with running.http.post(running.server.url + path, data=chunks()) as response:
                assert response.status == 413
            head = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n"
            assert (await running.raw(head.encode())).startswith(b"HTTP/1.1 413 ")
            (reply,) = await running.bayeux("handshake")
            assert reply["successful"]

    run(main(), loop)


def test_a_client_that_goes_away_leaves_its_events_for_its_next_poll(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await running.join()
            held = asyncio.ensure_future(running.bayeux("connect"))
            await until(lambda: running.client.hold)
            held.cancel()
            await until(lambda: running.client.hold is None)
            running.clock.advance(1)

            assert await running.bayeux("connect") == [HELLO, CONNECTED]

    run(main(), loop)


def test_a_second_poll_finishes_the_first_with_500(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await running.join()
            older = asyncio.ensure_future(running.bayeux("connect"))
            await until(lambda: running.client.hold)
            newer = asyncio.ensure_future(running.bayeux("connect"))
            assert await older == (500, "")
            running.clock.advance(1)
            assert await newer == [HELLO, CONNECTED]

    run(main(), loop)


def test_a_request_behind_a_held_poll_on_one_connection_is_answered_after_it(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await running.join()
            body = json.dumps([{"channel": "/meta/connect", "clientId": running.client_id}])
            head = f"POST /cometd HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            both = f"{head}GET /where HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(both.encode())
            await until(lambda: running.client.hold)
            running.clock.advance(1)
            answers = (await reader.read()).decode()
            writer.close()
            await writer.wait_closed()

            assert answers.index("hello") < answers.index('"http://h"')

    run(main(), loop)


def test_what_is_no_poll_is_told_so_in_cometds_words(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            for method, status, text in (
                ("GET", 400, "Unknown Bayeux Transport"),
                ("PUT", 400, "Unknown Bayeux Transport"),
                ("OPTIONS", 200, ""),
            ):
                async with running.http.request(method, running.server.cometd_url + "/connect") as response:
                    assert (response.status, await response.text()) == (status, text)
            async with running.http.post(running.server.cometd_url + "s", data="[]") as response:
                assert response.status == 404

    run(main(), loop)
