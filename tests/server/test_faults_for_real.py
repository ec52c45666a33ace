"""Faults of connections as clients of flesh and blood observe them."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.road.software import UPSTREAM, node

from .conftest import Loop, Secured
from .dialled import Dialled, left
from .running import Running, run, until
from .test_cuts import knock
from .test_pieces import NOTHING

BODY = b'"0123456789"'
ENDS = ("reset", "close", "truncate")


def struck(fault: str, *, where: str = "{step: do}", settings: str = "{}", more: str = "") -> str:
    return f"""
cometd: {{path: /cometd}}
faults: [{{name: bad, fault: {fault}, where: {where}, settings: {settings}{more}}}]
steps:
  - {{id: do, request: POST /do, repeat: last, respond: {{after: 0s, body: "0123456789"}}}}
  - {{id: where, request: GET /where, respond: {{after: 0s, body: here}}}}
  - {{id: hello, push: /a, after: start + 1s, data: hello}}
"""


@pytest.mark.parametrize(("fault", "end"), [("reset", "RST"), ("close", "FIN")])
def test_a_request_that_is_struck_sees_the_end_of_its_connection(
    loop: Loop, secured: Secured, fault: str, end: str
) -> None:
    async def main() -> None:
        text = struck(fault)
        async with Running(text, certificate=secured.files) as running:
            async with Dialled(running, secured.trust) as line:
                line.ask("/do", "POST")
                assert await line.ending() == (b"", end)
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


def test_a_truncated_answer_is_short_of_what_it_announced(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        async with (
            Running(struck("truncate"), certificate=secured.files) as running,
            Dialled(running, secured.trust) as line,
        ):
            line.ask("/do", "POST")
            assert f"Content-Length: {len(BODY)}\r\n" in await line.head()
            some, end = await line.ending()
            assert (BODY.startswith(some), len(some) < len(BODY), end) == (True, True, "FIN")

    run(main(), loop)


def test_a_slow_answer_comes_bit_by_bit_and_its_connection_goes_on(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        text = struck("slow", settings="{rate: 6B/s, slice: 6}")
        async with Running(text, certificate=secured.files) as running:
            async with Dialled(running, secured.trust) as line:
                line.ask("/do", "POST")
                await line.head()
                for half in (BODY[:6], BODY[6:]):
                    running.clock.advance(0.99)
                    assert await line.silent()
                    running.clock.advance(0.01)
                    assert await line.body(6) == half
                line.ask("/where")
                assert (await line.head()).startswith("HTTP/1.1 200 ")
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


def test_a_request_that_hangs_is_silent_for_as_long_as_its_client_waits(loop: Loop) -> None:
    async def main() -> None:
        async with Running(struck("hang")) as running:
            async with Dialled(running) as line:
                line.ask("/do", "POST")
                await until(lambda: running.server.stage._exchanges)
                running.clock.advance(24 * 3600)
                assert await line.silent()
                assert line.is_established
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


async def joined(running: Running) -> aiohttp.ClientWebSocketResponse:
    """A WebSocket whose client has subscribed and connected."""
    socket = await running.http.ws_connect(running.server.cometd_url, autoclose=False)
    for message in (
        {"channel": "/meta/handshake"},
        {"channel": "/meta/subscribe", "subscription": "/a"},
        {"channel": "/meta/connect", "advice": {"timeout": 0}},
    ):
        await socket.send_json([message | {"clientId": running.client_id}])
        (reply,) = await socket.receive_json()
        running.client_id = reply.get("clientId", running.client_id)
    return socket


def test_a_half_open_socket_is_established_and_silent(loop: Loop) -> None:
    async def main() -> None:
        async with Running(struck("half-open", where="{step: hello}")) as running:
            socket = await joined(running)
            running.clock.advance(1)
            heard = asyncio.ensure_future(socket.receive())
            await socket.ping()
            await socket.send_json([{"channel": "/meta/connect", "clientId": running.client_id}])
            async with running.http.get(running.server.url + "/where") as response:
                assert response.status == 200
            assert (heard.done(), socket.closed) == (False, False)
            heard.cancel()
            assert socket._response.connection is not None
            socket._response.connection.transport.abort()
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


def test_a_socket_is_closed_with_the_code_that_was_asked_for(loop: Loop) -> None:
    async def main() -> None:
        text = struck("close-code", where="{step: hello}", settings="{code: 1012, reason: restart}")
        async with Running(text) as running:
            socket = await joined(running)
            running.clock.advance(1)
            closing = await socket.receive()
            assert (closing.type, closing.data, closing.extra) == (WSMsgType.CLOSE, 1012, "restart")
            await socket.close()

    run(main(), loop)


@pytest.mark.parametrize(("cut", "end"), [(False, "200"), (True, "RST")])
def test_a_server_that_refuses_takes_connections_again_after_its_time(
    loop: Loop, cut: bool, end: str
) -> None:
    async def main() -> None:
        text = struck("refuse", settings=f"{{cut: {str(cut).lower()}}}", more=", ttl: 5s")
        async with Running(text) as running, Dialled(running) as before, Dialled(running) as strikes:
            before.ask("/where")
            await before.head()
            await before.body(len('"here"'))
            strikes.ask("/do", "POST")
            await until(lambda: running.server.stage.simulator.journal.counts["fault"])
            assert await knock(running, Secured()) == "RST"
            if cut:
                assert await before.ending() == (b"", "RST")
            else:
                before.ask("/where")
                assert (await before.head()).startswith("HTTP/1.1 200 ")
            running.clock.advance(5)
            async with Dialled(running) as after:
                after.ask("/where")
                assert (await after.head()).startswith("HTTP/1.1 200 ")

    run(main(), loop)


def test_a_server_goes_down_by_the_clock_though_nobody_has_asked_anything(loop: Loop) -> None:
    async def main() -> None:
        async with Running(struck("refuse", where="{}", more=", from: 2s, ttl: 1s")) as running:
            running.clock.advance(2)
            assert await knock(running, Secured()) == "RST"
            running.clock.advance(1)
            async with Dialled(running) as line:
                line.ask("/where")
                assert (await line.head()).startswith("HTTP/1.1 200 ")

    run(main(), loop)


def test_across_a_parted_network_all_is_silent_and_arrives_in_the_end(loop: Loop) -> None:
    async def main() -> None:
        async with (
            Running(struck("partition", where="{}", more=", from: 1s, ttl: 3s")) as running,
            Dialled(running) as line,
        ):
            running.clock.advance(1)
            await line.held("/do", "POST")
            running.clock.advance(2.9)
            assert line.is_established
            assert not line._reader._buffer
            running.clock.advance(0.1)
            assert (await line.head()).startswith("HTTP/1.1 200 ")
            assert await line.body(len(BODY)) == BODY

    run(main(), loop)


def test_nodes_own_clients_tell_a_reset_from_an_end_and_both_from_a_short_body(loop: Loop) -> None:
    faults = "".join(f"\n  - {{name: {name}, fault: {name}, where: {{path: /{name}}}}}" for name in ENDS)
    steps = "".join(
        f"\n  - {{id: {name}-{verb}, request: {verb} /{name}, repeat: last, respond: {{body: 0123456789}}}}"
        for name in ENDS
        for verb in ("GET", "POST")
    )

    async def main() -> None:
        async with Running(f"faults:{faults}\nsteps:{steps}\n") as running:
            urls = [f"{running.server.url}/{name}" for name in ENDS]
            process = await asyncio.create_subprocess_exec(
                node(), str(UPSTREAM / "ends.js"), *urls, stdout=asyncio.subprocess.PIPE
            )
            told, _ = await process.communicate()
        seen = dict(zip(ENDS, map(json.loads, told.splitlines()), strict=True))
        assert seen == {
            "reset": ["ECONNRESET: read ECONNRESET", "fetch failed: ECONNRESET"],
            "close": ["ECONNRESET: socket hang up", "fetch failed: UND_ERR_SOCKET"],
            "truncate": ["ECONNRESET: aborted", "terminated: UND_ERR_SOCKET"],
        }

    run(main(), loop)
