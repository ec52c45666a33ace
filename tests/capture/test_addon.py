from __future__ import annotations

import asyncio
import base64
import gzip
import json
import queue
import shutil
import socket
import zlib
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession, WSMsgType, web
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from replay.capture import flows

from .proxies import PATIENCE, ROOT, Command, Upstream, basic, eventually, holds, recording

SECRETS = (
    "canaryPassw0rd",
    "canary-c00kie",
    "canary-csrf-1",
    "canaryClient1d",
    "canary-t0ken",
    "canary-in-frame1",
)


NEEDS_US = ("flows.py", "har.py", "preflight.py", "recording.py", "runner.py", "stopping.py", "__init__.py")
"""Files of `capture/` that are of no use without our package."""


async def hello(_: web.Request) -> web.Response:
    return web.json_response({"statusCode": 0})


def spellings(secret: str) -> list[bytes]:
    """The secret, and its base64 wherever in a text it may have begun."""
    encoded = [base64.b64encode(b"x" * shift + secret.encode())[4:-4] for shift in range(3)]
    return [secret.encode(), *encoded]


async def genesys(request: web.Request) -> web.StreamResponse:
    if request.path == "/ws":
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        async for message in opened:
            said = json.loads(message.data)
            url = f"http://{request.host}/api/v2/me"
            await opened.send_json([{**said[0], "uri": url, "asked": said[0].get("uri"), "text": "ü" * 3000}])
        return opened
    answer = web.json_response(
        [{"channel": "/meta/handshake", "clientId": "canaryClient1d", "token": "canary-t0ken"}],
        headers={"X-CSRF-HEADER": "X-CSRF-TOKEN", "X-CSRF-TOKEN": "canary-csrf-1"},
    )
    answer.set_cookie("JSESSIONID", "canary-c00kie", path="/")
    return answer


def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    async def talk(url: str) -> None:
        async with ClientSession() as session, session.ws_connect(f"{url}/ws") as opened:
            await opened.send_json(
                [{"channel": "/x", "clientId": "canary-in-frame1", "ext": {"token": "canary-t0ken"}}]
            )
            assert (await opened.receive()).type == WSMsgType.TEXT
            await opened.close()

    with Upstream(genesys) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        with httpx.Client(
            base_url=proxy.url, headers={"Authorization": basic("ann", "canaryPassw0rd")}
        ) as client:
            client.post("/cometd/handshake", json=[{"channel": "/meta/handshake"}])
            client.post(
                "/x/canaryClient1d", json={"q": "canary-c00kie"}, headers={"X-CSRF-TOKEN": "canary-csrf-1"}
            )
            client.get("/jsonp", params={"jsonp": "cb", "message": '[{"clientId":"canaryClient1d"}]'})
            client.post(
                "/login", data={"j_password": "canaryPassw0rd", "url": "http://x/?access_token=canary-t0ken"}
            )
            client.post(
                "/zip", content=gzip.compress(b'{"q": "canary-t0ken"}'), headers={"Content-Encoding": "gzip"}
            )
        asyncio.run(talk(proxy.url))
        reached = "".join(f"{path} {headers} {body!r}" for path, headers, body in upstream.seen)

    written = proxy.path.read_bytes()
    leaks = [secret for secret in SECRETS for spelling in spellings(secret) if spelling in written]
    assert leaks == []
    assert "canary-c00kie" in reached
    assert "canaryClient1d" in reached
    assert basic("ann", "canaryPassw0rd") in reached


def test_the_same_secret_has_one_pseudonym(tmp_path: Path) -> None:
    with (
        Upstream(genesys) as upstream,
        recording(upstream.url, tmp_path / "x.mitm") as proxy,
        httpx.Client(base_url=proxy.url) as client,
    ):
        client.post("/cometd/handshake", json=[])
        client.post("/cometd/canaryClient1d", json=[{"clientId": "canaryClient1d"}])

    handshake, connect = proxy.read().exchanges
    (answer,) = json.loads(handshake.response_body or b"")
    assert json.loads(connect.request_body) == [{"clientId": answer["clientId"]}]
    assert connect.url.endswith(f"/cometd/{answer['clientId']}")
    assert len(answer["clientId"]) == len("canaryClient1d")
    cookie = handshake.response_header("Set-Cookie").partition(";")[0]
    assert connect.request_header("Cookie") == cookie


def test_mitmproxy_reads_what_was_written(tmp_path: Path) -> None:
    with Upstream(genesys) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        httpx.post(proxy.url, json=[], headers={"Accept-Encoding": "gzip"})

    with proxy.path.open("rb") as file:
        (flow,) = FlowReader(file).stream()
    assert isinstance(flow, HTTPFlow)
    assert flow.request.pretty_url == f"{upstream.url}/"
    assert flow.metadata == {"replay.dialled": proxy.url, "replay.redacted": "default"}


def test_each_exchange_is_on_disk_soon_after_it_is_over(tmp_path: Path) -> None:
    with Upstream(hello) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        for number in (1, 2, 3):
            httpx.get(proxy.url)
            holds(proxy.path, number)


def test_a_held_poll_is_written_when_the_recorder_stops(tmp_path: Path) -> None:
    async def hold(request: web.Request) -> web.Response:
        await upstream.held()
        return web.Response()

    with Upstream(hold) as upstream:
        with recording(upstream.url, tmp_path / "x.mitm") as proxy:
            polling = socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])))
            polling.sendall(b"GET /connect HTTP/1.1\r\nHost: x\r\n\r\n")
            upstream.arrived.get(timeout=PATIENCE)
        polling.close()
        upstream.release()

    (poll,) = proxy.read().exchanges
    assert (poll.status, poll.failure) == (None, "the recording ended before the exchange did")
    assert proxy.said == []


def test_a_held_poll_that_the_client_gives_up_is_written_then(tmp_path: Path) -> None:
    async def hold(request: web.Request) -> web.Response:
        await upstream.held()
        return web.Response()

    with Upstream(hold) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(proxy.url, timeout=0.2)
        upstream.release()
        httpx.get(proxy.url)

    poll, _ = proxy.read().exchanges
    assert (poll.status, poll.failure) == (None, "Client disconnected.")


def test_answers_that_break_off_are_recorded_and_the_proxy_goes_on(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/whole":
            return web.Response(body=b"x" * 5_000_000)
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    with Upstream(answer) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        # The server resets in the middle of a body.
        assert httpx.get(f"{proxy.url}/half").status_code == 502
        # The client leaves in the middle of one.
        with httpx.stream("GET", f"{proxy.url}/whole") as heard:
            next(heard.iter_raw())
        httpx.get(f"{proxy.url}/whole")

    half, left, whole = proxy.read().exchanges
    assert half.failure.startswith("HTTP/1 protocol error")
    assert left.status == 200
    assert len(whole.response_body or b"") == 5_000_000
    assert proxy.failure is None


def test_an_open_websocket_is_written_when_the_recorder_stops(tmp_path: Path) -> None:
    async def talk() -> None:
        with recording(upstream.url, tmp_path / "x.mitm") as proxy:
            async with ClientSession() as session:
                opened = await session.ws_connect(f"{proxy.url}/ws")
                await opened.send_json([{"channel": "/x", "uri": f"{proxy.url}/api/v2/me"}])
                answers.append(json.loads((await opened.receive()).data))
                urls.append(proxy.url)
        with_proxy.append(proxy)

    answers: list[list[dict[str, str]]] = []
    urls: list[str] = []
    with_proxy: list[object] = []
    with Upstream(genesys) as upstream:
        asyncio.run(talk())

    (exchange,) = flows.read(tmp_path / "x.mitm").exchanges
    assert exchange.frames is not None
    asked, said = (json.loads(frame.content)[0] for frame in exchange.frames)
    ((heard,),) = answers
    # The client stays on the proxy; the recording has what the server said and was asked.
    assert (heard["uri"], heard["asked"]) == (f"{urls[0]}/api/v2/me", f"{urls[0]}/api/v2/me")
    assert (said["uri"], said["asked"], asked["uri"]) == (f"{upstream.url}/api/v2/me",) * 3
    assert heard["text"] == "ü" * 3000


def test_the_client_stays_on_the_proxy_and_the_recording_on_the_server(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        body = {
            "uri": "http://internal:8090/api/v2/me",
            "own": f"http://{request.host}/x",
            "else": "http://else/x",
        }
        compressed = zlib.compress(json.dumps(body).encode())
        headers = {"Content-Encoding": "deflate", "Content-Type": "application/json"}
        headers["Location"] = f"http://{request.host}/login"
        headers["Set-Cookie"] = "__Host-a=1; Domain=corp; Path=/; Secure; SameSite=None"
        return web.Response(body=compressed, status=201, headers=headers)

    with Upstream(answer) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        heard = httpx.get(
            proxy.url + "/api/v2/me", headers={"Origin": proxy.url, "Referer": proxy.url + "/a"}
        )
        httpx.post(proxy.url, json={"uri": heard.json()["uri"]}, headers={"Cookie": "replay.Host-a=1"})

    assert heard.json() == {"uri": f"{proxy.url}/api/v2/me", "own": f"{proxy.url}/x", "else": "http://else/x"}
    assert heard.headers["Location"] == f"{proxy.url}/login"
    assert heard.headers["Set-Cookie"] == "replay.Host-a=1; Path=/"
    assert int(heard.headers["Content-Length"]) == heard.num_bytes_downloaded

    (_, first, _), (_, second, posted) = upstream.seen
    host = upstream.url.removeprefix("http://")
    assert (first["Host"], first["Origin"], first["Referer"]) == (host, upstream.url, f"{upstream.url}/a")
    assert second["Cookie"] == "__Host-a=1"
    assert json.loads(posted) == {"uri": "http://internal:8090/api/v2/me"}

    said, asked = proxy.read().exchanges
    assert said.url == f"{upstream.url}/api/v2/me"
    assert json.loads(said.response_body or b"")["uri"] == "http://internal:8090/api/v2/me"
    assert said.response_header("Location") == f"{upstream.url}/login"
    assert "; Domain=corp; Path=/; Secure; SameSite=None" in said.response_header("Set-Cookie")
    assert said.response_header("Content-Encoding") == ""
    assert said.request_header("Host") == host
    assert json.loads(asked.request_body) == {"uri": "http://internal:8090/api/v2/me"}


def test_urls_are_let_alone_on_request(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"uri": f"http://{request.host}/api/v2/me"})

    path = tmp_path / "x.mitm"
    with Upstream(answer) as upstream, recording(upstream.url, path, rewrite_urls=False) as proxy:
        heard = httpx.get(proxy.url).json()

    assert heard == {"uri": f"{upstream.url}/api/v2/me"}


def test_an_event_stream_reaches_the_client_as_it_comes(tmp_path: Path) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(f'data: [{{"uri":"http://{request.host}/api/v2/me"'.encode())
        await answer.write(b',"clientId":"canaryClient1d"}]\n\n')
        await upstream.held()
        return answer

    with (
        Upstream(stream) as upstream,
        recording(upstream.url, tmp_path / "x.mitm") as proxy,
        httpx.stream("GET", proxy.url, timeout=PATIENCE) as heard,
    ):
        lines = heard.iter_lines()
        first = next(lines)
        upstream.release()
        assert list(lines) == [""]

    assert first == f'data: [{{"uri":"{proxy.url}/api/v2/me","clientId":"canaryClient1d"}}]'
    (exchange,) = proxy.read().exchanges
    assert f"{upstream.url}/api/v2/me".encode() in (exchange.response_body or b"")
    assert b"canaryClient1d" not in (exchange.response_body or b"")


def test_an_endless_answer_is_in_the_file_while_it_goes_on(tmp_path: Path) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for number in range(3):
            await answer.write(f"data: {number} canaryClient1d\n".encode())
            await asyncio.to_thread(go_on.get)
        return answer

    def lines() -> list[bytes]:
        (exchange,) = proxy.read().exchanges
        return (exchange.response_body or b"").splitlines()

    go_on: queue.Queue[None] = queue.Queue()
    with (
        Upstream(stream) as upstream,
        recording(upstream.url, tmp_path / "x.mitm") as proxy,
        httpx.Client(headers={"Authorization": "Bearer canaryClient1d"}, timeout=PATIENCE) as client,
        client.stream("GET", proxy.url) as heard,
    ):
        holds(proxy.path, 1)
        for number in range(3):
            eventually(lambda seen=number + 1: len(lines()) == seen)
            go_on.put(None)
        assert len(list(heard.iter_lines())) == 3

    assert [line[:7] for line in lines()] == [b"data: 0", b"data: 1", b"data: 2"]
    (exchange,) = proxy.read().exchanges
    assert exchange.failure == ""
    assert b"canaryClient1d" not in proxy.path.read_bytes()


def test_an_outage_is_said_once_and_recorded(tmp_path: Path) -> None:
    with Upstream(hello) as upstream:
        port = upstream.port
    with recording(upstream.url, tmp_path / "x.mitm") as proxy:
        for _ in range(3):
            assert httpx.get(proxy.url).status_code == 502
        again = Upstream(hello)
        again.port = port
        with again:
            assert httpx.get(proxy.url).status_code == 200

    down, up = proxy.said
    assert down.startswith(f"127.0.0.1:{port} cannot be reached: ")
    assert up == f"127.0.0.1:{port} can be reached again."
    assert [each.status for each in proxy.read().exchanges] == [None, None, None, 200]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The addon's files alone, beside another package that is called `replay` too."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for file in (ROOT / "replay" / "capture").glob("*.*"):
        if file.name not in NEEDS_US:
            shutil.copy(file, folder)
    (folder / "replay.py").write_text("raise SystemExit('this is another replay')")
    (folder / "watch.py").write_text(
        "import sys\n"
        "def running():\n"
        "    from mitmproxy import ctx\n"
        "    port = ctx.master.addons.get('proxyserver').listen_addrs()[0][1]\n"
        "    ours = [name for name in sys.modules if name.split('.')[0] == 'replay']\n"
        "    print(f'listening at {port}', ours, file=sys.stderr)\n"
    )
    # Stands for the command that another environment has.
    script = folder / "bin" / "replay"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "asked to $*"\n')
    script.chmod(0o755)
    return folder


def test_the_addon_works_in_a_mitmproxy_of_ones_own(tmp_path: Path, elsewhere: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"uri": f"http://{request.host}/api/v2/me", "clientId": "canaryClient1d"})

    # -I leaves out the working directory and PYTHONPATH, so that our package cannot be found.
    start = f"import sys; sys.path.insert(0, {str(elsewhere)!r});"
    start += "from mitmproxy.tools.main import mitmdump; mitmdump()"
    with Upstream(answer) as upstream:
        options = ["--mode", f"reverse:{upstream.url}", "--listen-host", "127.0.0.1", "-p", "0"]
        options += ["-s", str(elsewhere / "addon.py"), "-s", str(elsewhere / "watch.py")]
        options += ["--set", f"confdir={tmp_path / 'conf'}", "--set", "replay_to=deep/x.mitm"]
        options += ["--set", "replay_distil=x.yaml"]
        with Command(*options, cwd=tmp_path, program=("-I", "-c", start), path=elsewhere / "bin") as mitmdump:
            said = mitmdump.until("listening at")
            url = f"http://127.0.0.1:{said.split()[2]}"
            heard = httpx.get(url).json()
            mitmdump.process.terminate()
            code, rest = mitmdump.ended()

    assert said.endswith(" []\n")
    assert heard["uri"] == f"{url}/api/v2/me"
    (exchange,) = flows.read(tmp_path / "deep" / "x.mitm").exchanges
    assert b"canaryClient1d" not in (exchange.response_body or b"")
    assert (code, "Traceback" in rest) == (0, False)
    assert "asked to distil deep/x.mitm --to x.yaml" in mitmdump.printed
