"""What no step is goes to a real server: as what, and what comes back."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from aiohttp import web

from replay.capture.preflight import parse_upstream
from replay.errors import UsageError
from replay.server import forwarding
from replay.server.forwarding import Forwarder
from replay.server.runner import Server
from replay.testing import scenario
from tests.drive.servers import Handler, nobody
from tests.server.before import Before, forwarded
from tests.server.running import run


def test_the_upstream_is_asked_as_the_client_asked_but_for_names_and_the_connection(tmp_path: Path) -> None:
    seen: list[web.Request] = []
    bodies: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        bodies.append(await request.read())
        return web.Response()

    async def test(before: Before) -> None:
        url = before.server.url
        headers = {
            "Authorization": "Bearer abc",
            "Referer": f"{url}/page",
            "Connection": "keep-alive, X-Hop",
            "X-Hop": "1",
            "X-Kept": "é",
            "Cookie": "theirs=1",
        }
        await before.ask("PUT", "/a%2Fb//c?x=%20y&x=z", headers=headers, data=f'{{"at": "{url}/api/v2/me"}}')

    forwarded(handler, test, tmp_path)
    (request,) = seen
    host = request.headers["Host"]
    assert request.raw_path == "/a%2Fb//c?x=%20y&x=z"
    assert bodies == [f'{{"at": "http://{host}/api/v2/me"}}'.encode()]
    assert request.headers["Referer"] == f"http://{host}/page"
    assert request.headers["Authorization"] == "Bearer abc"
    assert request.headers["Cookie"] == "theirs=1"
    assert request.headers["Via"] == "1.1 gws-replay"
    assert "X-Hop" not in request.headers
    assert request.headers["User-Agent"].startswith("Python/")


def test_an_answer_comes_back_with_our_names_and_without_its_connection(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        own = f"http://{request.host}"
        body = gzip.compress(f'{{"uri": "{own}/api/v2/me", "other": "http://elsewhere/x"}}'.encode())
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Encoding", "gzip"),
            ("Location", f"{own}/api/v2/login"),
            ("Set-Cookie", "__Secure-a=1; Domain=upstream; Secure; SameSite=None; Path=/"),
            ("Set-Cookie", "b=2"),
            ("Connection", "X-Hop"),
            ("X-Hop", "1"),
            ("X-Kept", "1"),
        ]
        return web.Response(status=302, body=body, headers=headers)

    async def test(before: Before) -> None:
        url = before.server.url
        status, body = await before.ask("GET", "/a")
        assert (status, body) == (302, {"uri": f"{url}/api/v2/me", "other": "http://elsewhere/x"})
        assert before.headers["Location"] == f"{url}/api/v2/login"
        assert before.headers.getall("Set-Cookie") == ["replay.Secure-a=1; Path=/", "b=2"]
        assert "X-Hop" not in before.headers
        assert before.headers["X-Kept"] == "1"

    before = forwarded(handler, test, tmp_path)
    assert before.steps["get-a"].respond[0].headers["Location"] == "${base_url}/api/v2/login"


def test_no_agents_cookie_goes_to_another(tmp_path: Path) -> None:
    cookies: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "SID=of-the-first"})

    async def test(before: Before) -> None:
        await before.ask("GET", "/a", headers={"Authorization": "Bearer ann"})
        before.http.cookie_jar.clear()
        await before.ask("GET", "/a", headers={"Authorization": "Bearer bob"})

    forwarded(handler, test, tmp_path)
    assert cookies == ["", ""]


async def _huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 2000)


async def _strange(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x", headers={"Content-Encoding": "br"})


async def _silent(request: web.Request) -> web.StreamResponse:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "10"})
    await response.prepare(request)
    await response.write(b"12345")
    return await _cut(request)


def saying(head: bytes) -> Handler:
    """What answers with these bytes, and ends the connection."""

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(head)
        request.transport.close()
        return web.Response()

    return handler


_switching = saying(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
_spoilt = saying(b"HTTP/1.1 200 OK\r\nSet-Cookie: SID=s3cret\0\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("handler", "why", "patience"),
    [
        (_huge, "answered with more than", 10.0),
        (_strange, "answered in the encoding br", 10.0),
        (_silent, "did not answer within 0.1 s", 0.1),
        (_cut, "gave no whole answer", 10.0),
        (_half, "gave no whole answer", 10.0),
        (_switching, "answered 101, after which it speaks no HTTP", 10.0),
        (_spoilt, "gave no whole answer: Invalid HTTP header", 10.0),
    ],
)
def test_an_upstream_that_is_not_well_is_a_miss_that_says_why(
    handler: Handler, why: str, patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "PATIENCE", patience)
    monkeypatch.setattr(forwarding, "LARGEST", 1000)

    async def test(before: Before) -> None:
        status, body = await before.ask("GET", "/a")
        assert status == 502
        assert why in body["replay"]["forward"]
        assert "s3cret" not in str(body)
        assert (await before.ask("GET", "/api/v2/chats"))[0] == 200

    before = forwarded(handler, test, tmp_path)
    assert not before.new.exists()


def test_a_header_that_no_answer_may_have_is_passed_on_without_what_it_may_not(tmp_path: Path) -> None:
    async def test(before: Before) -> None:
        assert await before.ask("GET", "/a") == (200, 1)
        assert before.headers["X-Odd"] == "a b"

    head = b"HTTP/1.1 200 OK\r\nX-Odd: a\x7fb\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1"
    forwarded(saying(head), test, tmp_path)


def test_an_upstream_that_is_down_is_a_miss_that_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with Before(nobody(), tmp_path) as before:
            status, body = await before.ask("GET", "/a")
            assert status == 502
            assert body["replay"]["forward"].endswith("cannot be reached: connection refused")

    run(main(), asyncio.new_event_loop)


def test_what_is_under_way_when_the_server_ends_is_let_go(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await _silent(request)

    async def test(before: Before) -> None:
        task = asyncio.create_task(before.ask("GET", "/a"))
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])

    forwarded(handler, test, tmp_path)


def test_a_server_is_not_its_own_upstream(tmp_path: Path) -> None:
    async def main() -> None:
        async with Server([scenario("steps: []")]) as server:
            for host in ("127.0.0.1", "localhost"):
                port = server.url.rpartition(":")[2]
                own = Forwarder(server, parse_upstream(f"http://{host}:{port}"), lambda _: None)
                with pytest.raises(UsageError, match="is this server itself"):
                    await own.__aenter__()

    run(main(), asyncio.new_event_loop)
