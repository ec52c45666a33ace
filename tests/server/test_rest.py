"""REST over real sockets, and requests that no good client sends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from replay.server import requests

from .conftest import Loop
from .running import Running, run, until


def test_an_answer_comes_at_its_time_and_cookies_with_it(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            waiting = asyncio.ensure_future(running.http.get(running.server.url + "/slow"))
            await until(lambda: running.server.stage.simulator.agents.all)
            running.clock.advance(4.999)
            assert not waiting.done()
            running.clock.advance(0.001)
            async with await waiting as response:
                assert (response.status, await response.json()) == (200, "at last")
                assert list(response.cookies) == ["JSESSIONID"]
                assert response.headers["Content-Type"] == "application/json;charset=UTF-8"

    run(main(), loop)


def test_a_client_that_goes_away_before_its_answer_leaves_nothing_behind(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            waiting = asyncio.ensure_future(running.http.get(running.server.url + "/slow"))
            await until(lambda: running.server.stage._exchanges)
            waiting.cancel()
            await until(lambda: not running.server.stage._exchanges)
            running.clock.advance(10)

    run(main(), loop)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET /where HTTP/1.1\r\nHost: a.b:7\r\n\r\n", '"http://a.b:7"'),
        (b"GET /where HTTP/1.1\r\nHost:\r\n\r\n", '"http://127.0.0.1:{port}"'),
        (b"GET /where HTTP/1.0\r\n\r\n", '"http://127.0.0.1:{port}"'),
        (b"GET http://elsewhere:1/where HTTP/1.1\r\nHost: here\r\n\r\n", '"http://here"'),
        (b"GET /where?x=%FF&y=1;2&&= HTTP/1.1\r\nHost: h\r\n\r\n", '"http://h"'),
        ("GET /where HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer é☃\r\n\r\n".encode(), '"http://h"'),
        (b"GET /where HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \xe9\xff\r\n\r\n", '"http://h"'),
        (b"GET /where HTTP/1.1\r\nHost: h\r\nCookie: \xe9=\xff; JSESSIONID=\xff\r\n\r\n", '"http://h"'),
        (b"POST /greet/a%20%C3%BC%25%0d%0a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", '"a ü%\\r\\n"'),
        (b"POST /greet/%FF HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", '"%FF"'),
        (b"GET /framed HTTP/1.1\r\nHost: h\r\n\r\n", "[1]"),
    ],
    ids=range(11),
)
def test_an_odd_request_is_answered_all_the_same(loop: Loop, request_: bytes, expected: str) -> None:
    async def main() -> None:
        async with Running() as running:
            head, _, body = (await running.raw(request_)).partition(b"\r\n\r\n")
            status = head.split(b" ")[1]
            assert (status, body.decode()) == (b"200", expected.replace("{port}", str(running.port)))
            assert f"content-length: {len(body)}".encode() in head.lower()

    run(main(), loop)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x00\x01\r\n\r\n", b"400"),
        (b"GET /where HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /\xe9 HTTP/1.1\r\nHost: h\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", b"400"),
        (b"POST /where HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST /cometd HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"400"),
        (b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", b"400"),
        (b"HEAD /where HTTP/1.1\r\nHost: h\r\n\r\n", b"404"),
        (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", b"404"),
        (b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", b"404"),
        (b"GET //where HTTP/1.1\r\nHost: h\r\n\r\n", b"404"),
        (b"POST /greet/a%2Fb HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET /empty HTTP/1.1\r\nHost: h\r\n\r\n", b"204"),
    ],
    ids=range(13),
)
def test_a_request_that_cannot_be_answered_is_refused_and_the_server_goes_on(
    loop: Loop, request_: bytes, status: bytes
) -> None:
    async def main() -> None:
        async with Running() as running:
            assert (await running.raw(request_)).split(b" ")[1] == status
            (reply,) = await running.bayeux("handshake")
            assert reply["successful"]

    run(main(), loop)


def test_a_client_that_breaks_off_within_its_body_is_not_waited_for(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            begun = b"POST /cometd HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n[{"
            assert await running.raw(begun, half=True) == b""
            assert running.server.stage._exchanges == {}

    run(main(), loop)


def test_a_client_that_asks_before_it_sends_its_body_is_told_to_go_on(loop: Loop) -> None:
    # .NET asks with every POST; told nothing, it waits 350 ms each time.
    async def main() -> None:
        async with Running() as running:
            head = b"POST /greet/x HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(head)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"{}")
            assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
            writer.close()
            await writer.wait_closed()
            too_large = head.replace(b"Length: 2", b"Length: 99999999")
            assert (await running.raw(too_large)).startswith(b"HTTP/1.1 413 ")

    run(main(), loop)


def test_repeated_headers_are_one_list_and_cookies_one_line(loop: Loop) -> None:
    seen: list[Any] = []

    async def main() -> None:
        async with Running() as running:
            simulator = running.server.stage.simulator
            await running.join()
            cookie = f"Cookie: a=b\r\nCookie: JSESSIONID={'x' * 3}"
            await running.raw(f"GET /where HTTP/1.1\r\nHost: h\r\n{cookie}\r\n\r\n".encode())
            seen.extend(simulator.agents._by_cookie)

    run(main(), loop)
    assert "xxx" in seen


def test_a_body_that_does_not_come_is_given_up(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PATIENCE", 0.02)
    head = b"POST /greet/bob HTTP/1.1\r\nHost: h\r\nOrigin: http://page\r\nContent-Length: 2\r\n\r\n"

    async def main() -> None:
        async with Running() as running:
            answer = await running.raw(head + b"{")
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert answer.endswith(b"Nothing more of the body has come for 0 s.")
            call = head.replace(b"/greet/bob", b"/__replay/events").replace(b"http://page", b"http://h")
            answer = await running.raw(
                call.replace(b"Host: h", b"Host: localhost").replace(b"//h", b"//localhost")
            )
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b'"what":"Nothing more of the body has come for 0 s"' in answer
            assert running.server.stage._exchanges == {}

    run(main(), loop)
