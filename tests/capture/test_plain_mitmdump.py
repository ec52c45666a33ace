"""What a plain mitmdump writes, without our addon, of servers that are hard to read."""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
import httpx
import pytest
import zstandard
from aiohttp import web

from replay.capture.recording import open_recording
from replay.exchange import Exchange
from tests.certificates import self_signed
from tests.road.software import Process, node

from .proxies import Upstream

pytestmark = pytest.mark.live

SAID = {"said": "Köln"}
JSON = "application/json"
HTTP2 = """
const http2 = require('http2'), fs = require('fs');
const [cert, key] = process.argv.slice(1).map(file => fs.readFileSync(file));
const server = http2.createSecureServer({cert, key});
server.on('stream', (stream, headers) => {
  stream.respond({':status': 200, 'content-type': 'application/json'});
  stream.end(JSON.stringify([headers[':authority'], headers['host'] ?? null]));
});
server.listen(0, '127.0.0.1', () => console.log(`https://127.0.0.1:${server.address().port}`));
"""


async def hard(request: web.Request) -> web.StreamResponse:
    """Says the same in every way that can go wrong."""
    utf8 = json.dumps(SAID, ensure_ascii=False).encode()
    latin = json.dumps(SAID, ensure_ascii=False).encode("latin-1")
    ways = {
        "/latin": (latin, {"Content-Type": f"{JSON};charset=ISO-8859-1"}),
        "/wrong-charset": (latin, {"Content-Type": f"{JSON};charset=utf-8"}),
        "/no-gzip": (utf8, {"Content-Type": JSON, "Content-Encoding": "gzip"}),
        "/twice": (brotli.compress(gzip.compress(utf8)), {"Content-Encoding": "gzip, br"}),
        "/zstd": (zstandard.compress(utf8), {"Content-Encoding": "zstd"}),
        "/large": (json.dumps({"said": "Köln" * 400_000}).encode(), {"Content-Type": JSON}),
    }
    if request.path == "/cut":
        cut = web.StreamResponse()
        cut.enable_chunked_encoding()
        await cut.prepare(request)
        await cut.write(b'{"said":')
        assert request.transport is not None
        request.transport.close()
        return cut
    body, headers = ways[request.path]
    return web.Response(body=body, headers=headers)


@contextmanager
def mitmdump(upstream: str, path: Path, conf: Path) -> Iterator[str]:
    """Records without our addon; yields its URL."""
    program = str(Path(sys.executable).with_name("mitmdump"))
    options = [
        "--listen-host",
        "127.0.0.1",
        "-p",
        "0",
        "--set",
        f"confdir={conf}",
        "--set",
        "ssl_insecure=true",
    ]
    process = Process(program, "--mode", f"reverse:{upstream}", *options, "-w", str(path))
    try:
        yield f"http://{process.word('127.0.0.1:').rstrip('.')}"
    finally:
        process.stop(signal.SIGINT)


def recorded(path: Path) -> dict[str, Exchange]:
    return {each.split.path: each for each in open_recording(path).exchanges}


def test_whatever_a_server_says_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    ways = ["/latin", "/wrong-charset", "/no-gzip", "/twice", "/zstd", "/large"]
    with Upstream(hard) as upstream, mitmdump(upstream.url, path, tmp_path) as url:
        for way in ways:
            with httpx.stream("GET", url + way) as answer:
                assert answer.status_code == 200
                list(answer.iter_raw())
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{url}/cut")

    found = recorded(path)

    assert {way: json.loads(found[way].response_body or b"") for way in ways[:-1]} == dict.fromkeys(
        ways[:-1], SAID
    )
    assert len(found["/large"].response_body or b"") > 1_000_000
    assert (found["/cut"].status, found["/cut"].response_body) == (200, None)
    assert "without sending complete message body" in found["/cut"].failure
    assert open_recording(path).notes == ()


@pytest.mark.full
def test_an_upstream_on_http_2_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    server = Process(node(), "-e", HTTP2, *map(str, self_signed(tmp_path)))
    try:
        with mitmdump(server.word("https://"), path, tmp_path) as url:
            secure = url.replace("http:", "https:")
            with httpx.Client(http2=True, verify=False) as client:
                answer = client.get(f"{secure}/api/v2/me?a=b", headers={"Cookie": "a=1"})
    finally:
        server.stop(signal.SIGTERM)

    exchange = recorded(path)["/api/v2/me"]
    authority, host = json.loads(answer.content)
    assert (answer.http_version, host) == ("HTTP/2", None)
    assert exchange.url == f"https://{authority}/api/v2/me?a=b"
    assert exchange.request_header("Cookie") == "a=1"
    assert not any(name.startswith(":") for name, _ in exchange.request_headers)
    assert exchange.response_body == answer.content
