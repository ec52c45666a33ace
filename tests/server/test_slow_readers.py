"""Clients that do not read: what waits for them is bounded, and then they are cut off."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import pytest

from replay.clock import SystemClock
from replay.server import pressure

from .conftest import Loop
from .crowd import Line, Served, pause, serving
from .running import Running, run

MB = 1 << 20
EVENTS = 150
TOLD = f"""
version: 1
name: story
cometd: {{path: /cometd}}
steps:
  - {{id: told, push: /a, after: start + 1h, data: "{"x" * MB}"}}
"""

LARGE = f"""
cometd: {{path: /cometd}}
steps:
  - {{id: large, request: GET /large, repeat: last, respond: {{after: 0s, body: "{"x" * 100_000}"}}}}
"""


async def listening(served: Served, *, window: int = 0) -> Line:
    """Somebody on a WebSocket who hears /a."""
    line = await Line.dialled(served.port, window=window)
    await line.upgraded()
    (welcome,) = await line.tell({"channel": "/meta/handshake"})
    client = welcome["clientId"]
    await line.tell({"channel": "/meta/subscribe", "clientId": client, "subscription": "/a"})
    return line


def everybody_is_told(served: Served, times: int) -> None:
    for _ in range(times):
        served.control("events", {"step": "told"})


@pytest.mark.live
def test_what_waits_for_a_slow_websocket_is_bounded_and_a_quick_one_gets_all(
    one_loop: Loop, tmp_path: Path
) -> None:
    async def heard(line: Line) -> int:
        for number in range(EVENTS):
            assert len((await line.frame())[1]) > MB, number
        return EVENTS

    async def main() -> None:
        with serving(tmp_path, story=TOLD) as served:
            slow = await listening(served, window=4096)
            slow.writer.transport.pause_reading()
            quick = await listening(served)
            hears = asyncio.ensure_future(heard(quick))
            before = served.resident()
            await asyncio.to_thread(everybody_is_told, served, EVENTS)
            assert await hears == EVENTS
            slow.writer.transport.resume_reading()
            assert await slow.ending() == "RST"

            # It waited for one of them no longer than until 32 MB did, and as many are kept of all traffic.
            assert served.resident("VmHWM") - before < 110 * MB
            assert 'replay_refused_total{limit="reading"} 1.0' in served.control("metrics")
            (entry,) = served.journal("refused")
            assert entry["detail"]["why"].startswith("a client reads too slowly: ")
            quick.close()
            slow.close()
        assert served.process.output.count("reads too slowly") == 1

    run(main(), one_loop, seconds=60)


@pytest.mark.full
@pytest.mark.live
def test_a_socket_that_nobody_reads_does_not_hold_up_the_end(one_loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with serving(tmp_path, story=TOLD) as served:
            slow = await listening(served, window=4096)
            slow.writer.transport.pause_reading()
            await asyncio.to_thread(everybody_is_told, served, 10)
            clock = SystemClock()
            began = clock.now()
            assert await asyncio.to_thread(served.process.stop, signal.SIGTERM) == 0
            print(f"ended in {clock.now() - began:.2f} s")
            slow.close()

    run(main(), one_loop, seconds=60)


@pytest.mark.parametrize("front", [True, False], ids=["front", "aiohttp"])
def test_answers_that_nobody_reads_pile_up_no_further_and_then_the_connection_goes(
    loop: Loop, front: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pressure, "PATIENCE", 0.2)
    monkeypatch.setattr(pressure, "LOOK", 0.05)
    asked = 200

    async def main() -> None:
        async with Running(LARGE, front=front) as running:
            line = await Line.dialled(running.port, window=4096)
            line.writer.transport.pause_reading()
            for _ in range(asked):
                line.ask("/large")
            async with running.http.get(running.server.url + "/large") as other:
                assert len(await other.read()) == 100_002
            journal = running.server.stage.simulator.journal
            while not any(entry.kind == "refused" for entry in journal):
                await pause(0.01)
            answered = sum(entry.kind == "answer" for entry in journal)
            # What the kernel takes by itself is some megabytes.
            assert answered < asked / 2
            line.writer.transport.resume_reading()
            assert await line.ending() == "RST"
            line.close()

    with caplog.at_level(logging.WARNING):
        run(main(), loop)
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("a client has read nothing for 0 s while ")


@pytest.mark.full
def test_who_reads_slowly_but_reads_is_left_alone(one_loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "PATIENCE", 0.8)
    monkeypatch.setattr(pressure, "LOOK", 0.05)

    async def main() -> None:
        async with Running(LARGE.replace("x" * 100_000, "x" * 10_000_000)) as running:
            line = await Line.dialled(running.port, window=1 << 17)
            line.writer.transport.pause_reading()
            line.ask("/large")
            received = 0
            while received < 10_000_000:
                await pause(0.02)
                line.writer.transport.resume_reading()
                received += len(await line.reader.read(MB))
                line.writer.transport.pause_reading()
            line.close()

    run(main(), one_loop)
