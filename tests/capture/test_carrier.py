"""What writes the recording, in a process of its own, is killed, is slow, or cannot be started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession, web

from replay.capture import carrier

from .proxies import Proxy, Upstream, eventually, holds, recording


async def server(request: web.Request) -> web.StreamResponse:
    if request.path == "/ws":
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        async for message in opened:
            await opened.send_str(f"heard {message.data}")
        return opened
    if request.path == "/handshake":
        return web.json_response([{"channel": "/meta/handshake", "clientId": "canaryClient1d"}])
    return web.json_response({"path": request.path, "body": len(await request.read())})


def kill(proxy: Proxy) -> None:
    """Kill the process that writes, and wait until another does, or none."""
    process = proxy.process
    assert process is not None
    os.kill(process, signal.SIGKILL)
    eventually(lambda: proxy.process != process)


def test_when_the_process_that_writes_is_killed_another_goes_on_and_nothing_is_lost(tmp_path: Path) -> None:
    with Upstream(server) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:

        async def talk() -> None:
            async with ClientSession() as session, session.ws_connect(f"{proxy.url}/ws") as opened:
                await opened.send_str("before")
                await opened.receive_str()
                await asyncio.to_thread(client.get, "/one")
                await asyncio.to_thread(holds, proxy.path, 3)
                await opened.send_str("between")
                await opened.receive_str()
                await asyncio.to_thread(client.get, "/two")
                await asyncio.to_thread(kill, proxy)
                await opened.send_str("after")
                await opened.receive_str()
                await asyncio.to_thread(client.get, "/three/canaryClient1d")

        with httpx.Client(base_url=proxy.url) as client:
            client.get("/handshake")
            asyncio.run(talk())

    assert proxy.said == [
        f"The process that writes {proxy.path} was killed by signal 9;"
        " another one goes on, and nothing is lost."
    ]
    assert proxy.failure is None
    exchanges = list(proxy.read().exchanges)
    paths = [each.url.removeprefix(upstream.url) for each in exchanges]
    assert [path for path in paths if "three" not in path] == ["/handshake", "/ws", "/one", "/two"]
    (three,) = (path for path in paths if "three" in path)
    # The one that goes on knows what the one before has met in secret.
    clean = json.loads(exchanges[0].response_body or b"")[0]["clientId"]
    assert three == f"/three/{clean}"
    frames = [frame.content.decode() for frame in exchanges[1].frames or ()]
    assert [frame for frame in frames if not frame.startswith("heard")] == ["before", "between", "after"]
    assert len(frames) == 6
    assert exchanges[1].failure == ""
    assert proxy.recorder is not None
    assert proxy.recorder.report["exchanges"] == 5


def test_where_processes_keep_dying_the_proxy_writes_by_itself(tmp_path: Path) -> None:
    with Upstream(server) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        for number in range(carrier.STARTS):
            httpx.get(f"{proxy.url}/{number}")
            kill(proxy)
        assert proxy.process is None
        httpx.get(f"{proxy.url}/last")

    assert proxy.said[-1].endswith("the proxy goes on by itself, and nothing is lost.")
    assert [each.url[-1] for each in proxy.read().exchanges] == ["0", "1", "2", "t"]


def test_where_there_is_no_python_to_start_the_proxy_writes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in mitmproxy's own binaries.
    monkeypatch.setattr(sys, "executable", str(tmp_path / "mitmdump"))
    monkeypatch.setenv("PATH", str(tmp_path))

    async def talk(url: str) -> None:
        async with ClientSession() as session, session.ws_connect(f"{url}/ws") as opened:
            await opened.send_str("said")
            await opened.receive_str()
            await asyncio.to_thread(holds, tmp_path / "x.mitm", 1)

    with Upstream(server) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        assert proxy.process is None
        asyncio.run(talk(proxy.url))
        httpx.get(proxy.url)

    assert [len(each.frames or ()) for each in proxy.read().exchanges] == [2, 0]


def test_what_comes_faster_than_it_is_written_has_to_wait_and_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "MOST", 2_000_000)
    asked = 8
    with Upstream(server) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        process = proxy.process
        assert process is not None
        os.kill(process, signal.SIGSTOP)

        def ask() -> None:
            for _ in range(asked):
                httpx.post(proxy.url, content=b"x" * 500_000, timeout=60)

        asking = threading.Thread(target=ask)
        asking.start()
        eventually(lambda: bool(proxy.said))
        waiting = asking.is_alive()
        os.kill(process, signal.SIGCONT)
        asking.join()

    assert waiting
    assert proxy.said == [f"{proxy.path} is written more slowly than traffic comes: it has to wait."]
    assert [len(each.request_body) for each in proxy.read().exchanges] == [500_000] * asked


def test_a_process_that_is_stuck_keeps_nobody_from_ending_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "STUCK", 0.5)
    with Upstream(server) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        process = proxy.process
        assert process is not None
        os.kill(process, signal.SIGSTOP)
        assert httpx.get(f"{proxy.url}/one").is_success
        try:
            proxy.end()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    assert proxy.said == [
        f"The process that writes {proxy.path} was killed by signal 9;"
        " another one goes on, and nothing is lost."
    ]
    assert len(proxy.read().exchanges) == 1
