"""Opening and closing: a port, and everything that hangs on it."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector, WSMsgType

from replay.clock import SystemClock
from replay.errors import SurroundingsError
from replay.server.runner import SHUTDOWN, Server
from replay.simulator.simulator import Simulator
from replay.testing import scenario
from replay.wire import Effect, Input, Request, SocketText

from .conftest import Loop
from .running import Running, descriptors, run, until


def test_a_port_in_use_is_said_in_a_sentence_that_helps(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            with pytest.raises(SurroundingsError) as refused:
                async with Server([scenario("")], port=running.port):
                    pass
            assert str(refused.value) == (
                f"port {running.port} on 127.0.0.1 is in use: "
                "end what listens there, or choose another with --port"
            )

    run(main(), loop)


def test_an_address_that_is_not_ours_is_said_in_a_sentence(loop: Loop) -> None:
    async def main() -> None:
        with pytest.raises(SurroundingsError, match=r"^cannot listen on 192\.0\.2\.1:0: "):
            async with Server([scenario("")], host="192.0.2.1"):
                pass

    run(main(), loop)


def test_a_port_of_our_own_choice_is_told_and_free_again_after_the_end(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            port = running.port
            assert running.server.url == f"http://127.0.0.1:{port}"
            assert running.server.cometd_url == f"http://127.0.0.1:{port}/cometd"
        async with Server([scenario("")], port=port) as again:
            assert again.url == f"http://127.0.0.1:{port}"

    run(main(), loop)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_stands_in_brackets(loop: Loop) -> None:
    async def main() -> None:
        async with Server([scenario("")], host="::1") as server:
            assert server.url.startswith("http://[::1]:")

    run(main(), loop)


def test_closing_lets_polls_answers_and_sockets_go_at_once(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            await running.join()
            stage = running.server.stage
            poll = asyncio.ensure_future(running.bayeux("connect"))
            slow = asyncio.ensure_future(running.http.get(running.server.url + "/slow"))
            await until(lambda: running.client.hold and len(stage._exchanges) == 2)
            web_socket = await running.http.ws_connect(running.server.cometd_url)
            await web_socket.send_json([{"channel": "/meta/handshake"}])
            await web_socket.receive()
            began = SystemClock().now()
            closing = asyncio.ensure_future(running.server.__aexit__(None, None, None))
            farewell = await web_socket.receive()
            await closing

            assert (farewell.type, farewell.data) == (WSMsgType.CLOSE, 1001)
            assert SystemClock().now() - began < SHUTDOWN
            assert await poll == [{"channel": "/meta/connect", "successful": True, "id": "x"}]
            with pytest.raises(ClientError):
                await slow
            running.clock.advance(60)
            assert (stage._exchanges, stage._alarm) == ({}, None)

    run(main(), loop)


def test_the_clock_of_rules_begins_when_the_server_listens(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            running.clock.advance(5)
            async with running.http.get(running.server.url + "/where"):
                pass
            asked = next(iter(running.server.stage.simulator.journal))
            assert asked.at == 5.0

    run(main(), loop)


def test_a_server_that_was_closed_wakes_no_more(loop: Loop) -> None:
    async def main() -> None:
        async with Server([scenario("")]) as server, Running() as other:
            await other.http.post(server.url + "/api/v2/notifications", json=[{"channel": "/meta/handshake"}])
            assert server.stage._alarm is not None
        assert server.stage._alarm is None

    run(main(), loop)


@pytest.mark.interpreted
def test_servers_that_come_and_go_leave_no_descriptor(loop: Loop) -> None:
    counts = []

    async def main() -> None:
        async with ClientSession(connector=TCPConnector(force_close=True)) as http:
            for _ in range(30):
                async with Server([scenario("")]) as server:
                    url = server.url + "/api/v2/notifications"
                    await http.post(url, json=[{"channel": "/meta/handshake"}])
                    assert server.stage._alarm is not None
                counts.append(descriptors())

    run(main(), loop)
    assert counts[-1] <= counts[0]


class Broken(Simulator):
    """Fails at every request and at every frame."""

    def receive(self, happening: Input, now: float) -> list[Effect]:
        if isinstance(happening, Request | SocketText):
            raise RuntimeError("a defect of ours")
        return super().receive(happening, now)


@pytest.mark.interpreted
def test_a_defect_of_ours_is_a_500_for_one_and_told_in_the_log_while_others_go_on(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Running() as running:
            running.server.stage.simulator = Broken(running.server._timelines)
            async with running.http.get(running.server.url + "/where") as response:
                assert (response.status, "defect" in await response.text()) == (500, False)
            async with running.http.ws_connect(running.server.cometd_url) as web_socket:
                await web_socket.send_str("[]")
                assert (await web_socket.receive()).type is WSMsgType.CLOSE
            (reply,) = await running.bayeux("handshake")
            assert reply["successful"]
            assert running.server.stage._exchanges == {}

    with caplog.at_level(logging.ERROR):
        run(main(), loop)
    assert [(record.levelname, str(record.exc_info and record.exc_info[1])) for record in caplog.records] == [
        ("ERROR", "a defect of ours"),
        ("ERROR", "a defect of ours"),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: \x01\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["control character", "no host", "no gzip"],
)
def test_a_client_that_speaks_no_good_http_is_told_and_logged_in_a_line(
    loop: Loop, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    async def main() -> None:
        async with Running() as running:
            assert b" 400 " in await running.raw(request_)

    with caplog.at_level(logging.WARNING):
        run(main(), loop)
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert record.getMessage().startswith("a client sent what is no good HTTP: ")
