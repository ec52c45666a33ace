"""What a Locust user's HTTP and WebSocket do with servers that are less than well, without Locust itself."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from gevent.queue import SimpleQueue

from replay.bayeux.client import Batch
from replay.bayeux.messages import Message
from replay.drive.access import Access, by_name
from replay.drive.answer import LARGEST
from replay.drive.locust.carriers import CARRIERS, Carrier
from replay.drive.locust.http import Http, NoAnswerError, UnreachableError, trusted
from replay.drive.locust.options import ARGUMENTS, settle
from replay.errors import ReplayError
from tests.certificates import self_signed
from tests.drive.servers import Handler, aside, messages_of, nobody, replies, serving

pytestmark = pytest.mark.live

PATIENCE = 60.0
ANN = by_name("ann", "secret")


class Heard:
    """What became of batches, in order."""

    def __init__(self) -> None:
        self.line: SimpleQueue[tuple[Any, ...]] = SimpleQueue()

    def next(self) -> tuple[Any, ...]:
        """What was told next."""
        told: tuple[Any, ...] = self.line.get(timeout=PATIENCE)
        return told

    def received(self, number: int, messages: Sequence[Message]) -> None:
        self.line.put(("received", number, [message["channel"] for message in messages]))

    def failed(self, number: int, why: str) -> None:
        self.line.put(("failed", number, why))

    def lost(self, why: str) -> None:
        self.line.put(("lost", why))


def batch(number: int, channel: str = "/meta/handshake") -> Batch:
    return Batch(number=number, messages=[{"channel": channel, "id": str(number)}], timeout=PATIENCE)


@contextmanager
def carried(transport: str, url: str, access: Access = ANN) -> Iterator[tuple[Carrier, Heard, Http]]:
    """A carrier to a server."""
    http, heard = Http(url, access), Heard()
    carrier = CARRIERS[transport](http, f"{url}/cometd", heard)
    try:
        yield carrier, heard, http
    finally:
        carrier.close()
        http.close()


class Guarded:
    """Wants the login with all, and with a POST its cookie and the token of its latest GET."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers; a WebSocket as polls."""
        is_known = request.headers.get("Authorization") == ANN.authorization
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        if request.method == "GET" and not is_socket:
            answer = web.json_response({}, headers={"X-CSRF-HEADER": "X-Csrf-Proof", "X-CSRF-TOKEN": "t0ken"})
            answer.set_cookie("seat", "a=b", path="/", httponly=True)
            return answer
        if not is_socket and request.headers.get("X-Csrf-Proof") != "t0ken":
            return web.Response(status=403, text="Missing or invalid Csrf token")
        if not is_known or request.cookies.get("seat") != "a=b":
            self.refused.append(request.path)
        if not is_socket:
            return web.json_response(replies(await messages_of(request)))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for frame in socket:
            await socket.send_json(replies(msgspec.json.decode(frame.data)))
        return socket


@pytest.mark.parametrize("transport", CARRIERS)
def test_login_cookies_and_the_csrf_token_go_along(transport: str) -> None:
    server = Guarded()
    with aside(serving(server.handle)) as url, carried(transport, url) as (carrier, heard, http):
        posted = http.ask("POST", f"{url}/go", msgspec.json.encode([]), within=PATIENCE)
        for number, channel in enumerate(("/meta/handshake", "/meta/connect"), 1):
            carrier.send(batch(number, channel))
            kind, _, channels = heard.next()
            assert (kind, channels) == ("received", [channel])

    assert posted.status == 200
    assert server.refused == []


async def _balanced(request: web.Request) -> web.StreamResponse:
    """A balancer: whoever comes with a WebSocket is told by a cookie where it belongs."""
    if request.path == "/where":
        return web.json_response(request.cookies.get("route", "nowhere"))
    socket = web.WebSocketResponse()
    socket.set_cookie("route", "replica-2", path="/")
    await socket.prepare(request)
    await socket.send_json(replies(await socket.receive_json()))
    await socket.receive()
    return socket


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cookie_that_comes_with_a_websocket_goes_along_with_requests(host: str) -> None:
    with aside(serving(_balanced)) as at:
        url = at.replace("127.0.0.1", host)
        with carried("websocket", url) as (carrier, heard, http):
            carrier.send(batch(1))
            assert heard.next() == ("received", 0, ["/meta/handshake"])
            assert http.ask("GET", f"{url}/where", None, within=PATIENCE).body == b'"replica-2"'


async def _amiss(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    match request.path:
        case "/slow":
            await asyncio.Event().wait()
        case "/reset":
            await request.read()
            transport.abort()
        case "/close":
            await request.read()
            transport.close()
        case "/broken":
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")  # type: ignore[attr-defined]
            transport.close()
        case "/junk":
            transport.write(b"220 mail ready\r\n\r\n")  # type: ignore[attr-defined]
            transport.close()
        case "/large":
            return web.Response(body=b"x" * (LARGEST + 1))
    return web.Response(text="höflich", charset="latin-1")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/slow", "no answer in time"),
        ("/close", "it closed the connection without an answer"),
        ("/broken", "the answer broke off"),
        ("/junk", "what it says is no HTTP"),
        ("/large", "it answers more than 16 MB"),
    ],
)
def test_why_there_is_no_answer_is_said_alike_for_all_that_fail_alike(path: str, why: str) -> None:
    with aside(serving(_amiss)) as url:
        http = Http(url, Access())
        for _ in range(2):
            with pytest.raises(NoAnswerError, match=why):
                http.ask("POST", url + path, b"{}", within=0.3 if path == "/slow" else PATIENCE)
        # What went wrong leaves no connection behind that is of no use.
        assert http.ask("POST", f"{url}/well", b"{}", within=PATIENCE).body == "höflich".encode()
        http.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_whose_connection_closes_is_made_once(method: str) -> None:
    made: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        made.append(request.method)
        return await _amiss(request)

    with aside(serving(handle)) as url:
        http = Http(url, Access())
        assert http.ask(method, f"{url}/well", None, within=PATIENCE).status == 200
        with pytest.raises(NoAnswerError):
            http.ask(method, f"{url}/close", None, within=PATIENCE)
        http.close()
    assert made == [method, method]


def asked(url: str, access: Access | None = None) -> int:
    """The status of a GET."""
    http = Http(url, access or Access())
    try:
        return http.ask("GET", url, None, within=PATIENCE).status
    finally:
        http.close()


def test_where_nobody_is_it_says_so() -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        asked(f"{nobody()}/")


def test_a_certificate_is_trusted_by_its_authority_or_not_at_all(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    with aside(serving(_amiss, tls)) as url:
        for trust in (trusted(str(certificate), insecure=False), trusted("", insecure=True)):
            assert asked(f"{url}/", Access(trust=trust)) == 200
        with pytest.raises(UnreachableError, match="the certificate is not accepted: self-signed"):
            asked(f"{url}/")


def closing(code: int) -> Handler:
    """A server that answers the first frame of each WebSocket and closes it at the second."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.ping()
        await socket.send_json(replies(await socket.receive_json()))
        await socket.receive()
        await socket.close(code=code)
        return socket

    return handle


def test_a_websocket_that_is_closed_is_told_of_and_the_next_batch_opens_another() -> None:
    with aside(serving(closing(1012))) as url, carried("websocket", url) as (carrier, heard, _):
        for _ in range(2):
            carrier.send(batch(1))
            assert heard.next() == ("received", 0, ["/meta/handshake"])
            carrier.send(batch(2, "/meta/connect"))
            assert heard.next() == ("lost", "the WebSocket was closed with 1012")


def test_a_websocket_that_is_refused_or_finds_nobody_fails_its_batch() -> None:
    with aside(serving(_amiss)) as url, carried("websocket", url) as (carrier, heard, _):
        carrier.send(batch(1))
        assert heard.next() == ("failed", 1, "the WebSocket's handshake was answered with status 200")
    with carried("websocket", nobody()) as (carrier, heard, _):
        carrier.send(batch(1))
        assert heard.next() == ("failed", 1, "connection refused")


NOBODY = "nobody"
"""For a port where nobody listens, which is another each time."""


@pytest.mark.parametrize(
    ("given", "host", "says"),
    [
        ({}, "", "--host is missing"),
        ({}, "gws", "--host gws has to be an http or https URL, such as http://gws"),
        ({"transport": "websockets"}, "http://gws", "no transport 'websockets'. Did you mean 'websocket'?"),
        ({"scenario": "nowhere.yaml"}, "http://gws", "nowhere.yaml"),
        ({"patience": "soon"}, "http://gws", "--replay-patience soon: "),
        ({"plays": "many"}, "http://gws", "--replay-plays many is no whole number"),
        ({"user": "agent{number}"}, "http://gws", r"may have \{n\} and \{play\} in braces"),
        ({"speed": "fast"}, "http://gws", "--replay-speed fast: speed is a number above 0"),
        ({"users": "nobody.csv"}, "http://gws", "--replay-users nobody.csv cannot be read: No such file"),
        ({"target_ca": "nobody.pem"}, "http://gws", "--replay-target-ca nobody.pem cannot be used: No such"),
        ({}, NOBODY, "cannot be reached: connection refused"),
    ],
)
def test_arguments_that_are_wrong_are_refused_in_words(given: dict[str, str], host: str, says: str) -> None:
    host = nobody() if host == NOBODY else host
    with pytest.raises(ReplayError, match=says):
        settle({name: default for name, (default, _) in ARGUMENTS.items()} | given, host)


def test_thinking_speed_and_names_are_as_said() -> None:
    given = {name: default for name, (default, _) in ARGUMENTS.items()}
    given |= {"think": "2s", "speed": "4", "user": "load-{n:03}"}
    with aside(serving(_amiss)) as url:
        setting = settle(given, url)
    ask = setting.driving.timeline.story.asks[0]
    assert (setting.driving.thinking(ask, "ann", 1), setting.driving.speed) == (2.0, 4.0)
    assert setting.access(7, 1).user == "load-007"


def test_users_of_a_file_are_numbered_and_a_line_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("# who\nann,secret\nbob\n", encoding="utf-8")
    given = {name: default for name, (default, _) in ARGUMENTS.items()} | {"users": str(file)}
    with aside(serving(_amiss)) as url:
        setting = settle(given, url)
    assert [setting.access(n, 1).authorization for n in (1, 2)] == [
        ANN.authorization,
        by_name("bob").authorization,
    ]
    with pytest.raises(ReplayError, match="2 users, and none for number 3"):
        setting.access(3, 1)
    assert not setting.driving.starts_known

    file.write_text("ann,secret\nsec:ret,x\n", encoding="utf-8")
    with pytest.raises(ReplayError, match="entry 2 is no user") as refused:
        settle(given, "http://127.0.0.1:1")
    assert "sec:ret" not in str(refused.value)
