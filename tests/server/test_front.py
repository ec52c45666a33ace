"""Whoever answers, aiohttp or what stands before it: the same bytes in the same order."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.server import front, plain, runner
from replay.server.runner import Server, _Gated
from replay.testing import scenario
from replay.wire import Begin, Cut, Piece

from .conftest import Loop
from .dialled import Dialled
from .running import Running, run, until

STORY = """
cometd: {path: /cometd}
variables: {name: {recorded: Ann}}
steps:
  - {id: where, request: GET /where, respond: {body: "${base_url}"}}
  - {id: all, request: "GET /all?fields=*&n=1", respond: {body: [1, "aäöü…"]}}
  - {id: greet, request: "POST /greet/${name}", repeat: last, respond: {body: "${name}"}}
  - {id: slow, request: GET /slow, respond: {after: 5s, body: at last}}
  - {id: put, request: PUT /put, respond: {status: 201, headers: {Location: /there, X-Two: "2"}, body: {}}}
  - {id: gone, request: DELETE /gone, respond: {status: 204, body: 1}}
  - {id: same, request: GET /same, respond: {status: 304, body: 1}}
  - {id: none, request: GET /none, respond: {body: "", headers: {Content-Type: text/plain}}}
  - {id: odd, request: GET /odd, respond: {status: 299, headers: {Date: never, Server: theirs}, body: 1}}
  - {id: framed, request: GET /framed, respond: {headers: {Content-Length: "3", Keep-Alive: "5"}, body: [1]}}
"""
POST = b"POST /greet/bob HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
HANDSHAKE = b'[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]'
SHAKE = b"POST /cometd HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(HANDSHAKE), HANDSHAKE)

FORM = SHAKE.replace(b"Host: h", b"Host: h\r\nContent-Type: application/x-www-form-urlencoded")


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: h:1", *headers, "", "")).encode()


PLAIN = {
    "get": get("/where"),
    "query": get("/all?fields=*&n=1"),
    "post": POST,
    "put": b"PUT /put HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    "delete": b"DELETE /gone HTTP/1.1\r\nHost: h\r\n\r\n",
    "not modified": get("/same"),
    "empty": get("/none"),
    "odd": get("/odd"),
    "framed": get("/framed"),
    "miss": get("/nowhere"),
    "cookies": get("/where", "Cookie: a=1", "cookie: b=2", "X-One:  2 "),
    "handshake": SHAKE,
    "no batch": b"POST /cometd HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n[}",
    "known": get("/where", "Authorization: Basic YW5uOg=="),
}
OTHER = {
    "escaped": get("/greet/a%20b"),
    "dots": get("/a/../where"),
    "slashes": get("//where"),
    "plus": get("/all?fields=a+b"),
    "no value": get("/all?fields"),
    "fragment": get("/where#x"),
    "absolute": get("http://h:1/where"),
    "page": get("/where", "Origin: http://page"),
    "preflight": get("/a", "Origin: o", "Access-Control-Request-Method: GET").replace(b"GET", b"OPTIONS", 1),
    "head": b"HEAD /where HTTP/1.1\r\nHost: h\r\n\r\n",
    "closing": get("/where", "Connection: close"),
    "old": b"GET /where HTTP/1.0\r\nHost: h\r\n\r\n",
    "old kept": b"GET /where HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
    "no host": b"GET /where HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /greet/b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "chunked": b"POST /greet/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "expecting": POST.replace(b"Host: h", b"Host: h\r\nExpect: 100-continue"),
    "form": FORM,
    "not ascii": get("/where", "X-Name: \xe4"),
    "control": get("/__replay/health"),
    "page of control": get("/__replay/"),
    "callback": get("/cometd?jsonp=f&message=[]"),
    "no transport": get("/cometd"),
    "no http": b"\x00\x01\r\n\r\n",
    "upgrade": get("/cometd", "Upgrade: websocket", "Connection: Upgrade"),
    "long": get("/" + "x" * 9_000),
    "repeated": get("/where", "X-Many: 1", "x-many:  2 "),
    "many fields": get("/where", *(f"X-{number}: 1" for number in range(plain.MOST_FIELDS))),
    "far too many fields": get("/where", *(f"X-{number}: 1" for number in range(300))),
    "two hosts": get("/where", "Host: other"),
    "two types": SHAKE.replace(b"Host: h", b"Host: h\r\nContent-Type: text/a\r\nContent-Type: text/b"),
    "loud form": b"POST /cometd HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n"
    b"Content-Type: Application/X-WWW-Form-Urlencoded\r\n\r\nmessage=[]",
    "proxy closes": get("/where", "Proxy-Connection: close"),
    "zeros": POST.replace(b"Length: 2", b"Length: " + b"0" * 5_000 + b"2"),
    "bare line feed": get("/where", "X-A: 1\nTransfer-Encoding: chunked"),
    "folded": get("/where", "X-A: 1\r\n Transfer-Encoding: chunked"),
    "chunked with a length": POST.replace(b"Host: h", b"Host: h\r\nTransfer-Encoding: chunked"),
    "nul": get("/where", "X-A: a\0b"),
    "space before a colon": get("/where", "Content-Length : 3"),
    "line before": b"\r\n" + get("/where"),
}

ENDING = {
    "closing",
    "old",
    "no http",
    "two lengths",
    "no host",
    "long",
    "upgrade",
    "old kept",
    "far too many fields",
    "two hosts",
    "two types",
    "proxy closes",
    "bare line feed",
    "folded",
    "chunked with a length",
    "nul",
    "space before a colon",
}
"""After these a connection may end at once, and with it what was sent behind."""

with_front = pytest.mark.skipif(not plain.HAS_PARSER, reason="the tests are run without it: --no-front")


async def said(text: str, requests: Sequence[bytes], *, is_front: bool, cuts: Sequence[int] = ()) -> bytes:
    """What a server says to these on one connection, until it is silent or hangs up."""
    async with Server([scenario(text)], front=is_front) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        whole = b"".join(requests)
        places = sorted({0, *(cut % (len(whole) + 1) for cut in cuts), len(whole)})
        for begin, end in itertools.pairwise(places):
            writer.write(whole[begin:end])
            await writer.drain()
        # By the last word it is known that all has been said; what cannot be understood ends it before.
        writer.write(get("/last-word", "Connection: close"))
        try:
            async with asyncio.timeout(60):
                return settled(await reader.read())
        except ConnectionError:
            return b""
        finally:
            writer.close()


def settled(heard: bytes) -> bytes:
    """Without what differs from server to server: the time, ports, tokens."""
    heard = re.sub(rb"Date: [^\r]*GMT", b"Date: now", heard)
    heard = re.sub(rb"127\.0\.0\.1:\d+", b"here", heard)
    return re.sub(rb'((?:JSESSIONID|BAYEUX_BROWSER)=|"clientId":")[a-z0-9]+', rb"\1token", heard)


def alike(requests: Sequence[bytes], loop: Loop, cuts: Sequence[int] = ()) -> bytes:
    """What both say, if it is the same."""

    async def main() -> None:
        ours = await said(STORY, requests, is_front=True, cuts=cuts)
        theirs = await said(STORY, requests, is_front=False)
        assert ours == theirs
        heard.append(ours)

    heard: list[bytes] = []
    run(main(), loop)
    return heard[0]


@pytest.mark.parametrize("name", [*PLAIN, *OTHER])
def test_an_answer_is_aiohttps_to_the_byte_whoever_gives_it(loop: Loop, name: str) -> None:
    request = (PLAIN | OTHER)[name]
    assert alike([request], loop).startswith(b"HTTP/1.")
    # In the middle of others too, where the connection changes hands. Of what cannot be understood aiohttp
    # says so before it looks at what has come ahead of it.
    if name not in ENDING:
        alike([PLAIN["post"], request, PLAIN["get"], request], loop)


@with_front
@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_request_does_not_reach_aiohttp(loop: Loop, name: str) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            assert (await running.raw(PLAIN[name])).startswith(b"HTTP/1.1 ")
            gated = running.server._runners[0].server
            assert isinstance(gated, _Gated)
            assert gated.requests_count == 0

    run(main(), loop)


@given(
    names=st.lists(st.sampled_from([*PLAIN, *(name for name in OTHER if name not in ENDING)]), max_size=6),
    cuts=st.lists(st.integers(0, 5_000), max_size=6),
)
def test_requests_may_come_in_any_pieces_and_behind_each_other(names: list[str], cuts: list[int]) -> None:
    alike([(PLAIN | OTHER)[name] for name in names], asyncio.new_event_loop, cuts)


def test_a_request_waits_for_the_answer_to_the_one_before(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running, Dialled(running) as line:
            await line.held()
            line.ask("/where")
            assert await line.silent()
            running.clock.advance(5)
            await line.head()
            assert await line.body(9) == b'"at last"'
            await line.head()
            assert await line.body(10) == b'"http://h"'

    run(main(), loop)


@with_front
def test_a_client_that_goes_leaves_nothing_behind(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            async with Dialled(running) as line:
                await line.held()
            stage, fronts = running.server.stage, fronts_of(running)
            await until(lambda: not stage._exchanges and not fronts.open)

    run(main(), loop)


@with_front
def test_an_idle_connection_is_closed_in_the_end_and_one_that_waits_is_not(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running, Dialled(running) as idle, Dialled(running) as waits:
            idle.ask("/where")
            await idle.head()
            await idle.body(10)
            await waits.held()
            fronts = fronts_of(running)
            for _ in range(16):
                fronts._look()
            assert await idle.ending() == (b"", "FIN")
            assert await waits.silent()

    run(main(), loop)


@with_front
def test_a_client_that_reads_nothing_gets_no_more_answers_than_fit(loop: Loop) -> None:
    async def main() -> None:
        # More than kernels keep for a client.
        big = f"steps: [{{id: big, request: GET /big, respond: {{body: {'x' * 20_000}}}}}]"
        async with Running(big) as running, Dialled(running, limit=1) as line:
            stage, before = running.server.stage, 2_000
            line.write(get("/big") * before)
            await until(lambda: any(each.is_full for each in fronts_of(running).open))
            answered = sum(entry.kind == "answer" for entry in stage.simulator.journal)
            assert 0 < answered < before

    run(main(), loop)


def test_what_was_sent_to_a_server_that_was_not_read_is_answered_once_it_is(loop: Loop) -> None:
    body = b"[" + b" " * (plain.MOST_BODY - 2) + b"]"
    large = b"POST /greet/bob HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def main() -> None:
        # More than kernels keep for a client.
        big = f"{STORY}  - {{id: big, request: GET /big, respond: {{body: {'x' * 12_000_000}}}}}"
        async with Running(big) as running, Dialled(running, limit=1_000) as line:
            line.ask("/big")
            line.write(large)
            await line.head()
            # One more than what is kept for it, so that reading from it has stopped.
            await until(lambda: line.has_sent)
            await line.body(12_000_002)
            await line.head()
            assert await line.body(5) == b'"bob"'
            line.ask("/where")
            await line.head()
            assert await line.body(10) == b'"http://h"'

    run(main(), loop)


@with_front
def test_who_sends_many_requests_at_once_leaves_turns_to_others(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running, Dialled(running) as line:
            fronts, journal = fronts_of(running), running.server.stage.simulator.journal
            await until(lambda: fronts.open)
            (many,) = fronts.open
            many.data_received(POST * 100)
            assert sum(entry.kind == "answer" for entry in journal) == 1
            for _ in range(100):
                await line.head()
                assert await line.body(5) == b'"bob"'

    run(main(), loop)


@with_front
def test_a_server_that_has_closed_keeps_no_connection_of_who_does_not_read(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SHUTDOWN", 0.05)

    async def main() -> None:
        big = f"steps: [{{id: big, request: GET /big, respond: {{body: {'x' * 12_000_000}}}}}]"
        running = Running(big)
        async with running, Dialled(running, limit=1_000) as line:
            line.ask("/big")
            await line.head()
            fronts = fronts_of(running)
            await running.server.__aexit__(None, None, None)
            await until(lambda: not fronts.open)
            received, _ = await line.ending()
            assert len(received) < 12_000_000

    run(main(), loop)


@with_front
def test_an_unfinished_request_may_take_its_time_as_long_as_it_comes(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running, Dialled(running) as line, Dialled(running) as stuck:
            fronts = fronts_of(running)
            stuck.write(POST[:-2])
            await until(lambda: len(fronts.open) == 2)
            for byte in POST:
                line.write(bytes([byte]))
                for _ in range(2):
                    fronts._look()
                assert await line.silent() or byte == POST[-1]
            await line.head()
            assert await line.body(5) == b'"bob"'
            assert await stuck.ending() == (b"", "FIN")

    run(main(), loop)


@pytest.mark.parametrize(("reset", "end"), [(True, "RST"), (False, "FIN")])
def test_an_answer_in_pieces_can_be_cut_off(loop: Loop, reset: bool, end: str) -> None:
    async def main() -> None:
        async with Running(STORY) as running, Dialled(running) as line:
            number = await line.held()
            stage = running.server.stage
            stage.perform(Begin(exchange=number, at=0, length=9))
            stage.perform(Piece(exchange=number, at=0, body=b"half"))
            assert "Content-Length: 9\r\n" in await line.head()
            assert await line.body(4) == b"half"
            stage.perform(Cut(carrier=number, at=0, reset=reset))
            assert await line.ending() == (b"", end)
            assert not stage._exchanges
            assert not stage._begun

    run(main(), loop)


def test_without_a_parser_all_is_aiohttps(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "HAS_PARSER", False)

    async def main() -> None:
        async with Running(STORY) as running:
            assert b"200 OK" in await running.raw(PLAIN["get"])
            gated = running.server._runners[0].server
            assert isinstance(gated, _Gated)
            assert gated.requests_count == 1

    run(main(), loop)


def fronts_of(running: Running) -> front.Fronts:
    gated = running.server._runners[0].server
    assert isinstance(gated, _Gated)
    assert gated.fronts is not None
    return gated.fronts


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_of_any_length_arrives_as_it_was(loop: Loop, length: int) -> None:
    text = "x" * length

    async def main() -> None:
        story = f"cometd: {{path: /cometd}}\nsteps: [{{id: a, push: /a, after: start + 1s, data: '{text}'}}]"
        async with Running(story) as running, running.http.ws_connect(running.server.cometd_url) as socket:
            await socket.send_json([{"channel": "/meta/handshake"}])
            (welcome,) = await socket.receive_json()
            whom = {"clientId": welcome["clientId"]}
            await socket.send_json([{"channel": "/meta/subscribe", "subscription": "/a"} | whom])
            await socket.receive_json()
            await socket.send_json([{"channel": "/meta/connect", "connectionType": "websocket"} | whom])
            running.clock.advance(1)
            assert [each["data"] for each in await socket.receive_json() if "data" in each] == [text]

    run(main(), loop)
