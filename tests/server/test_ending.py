"""SIGTERM while many are served: polls are answered, requests under way end, sockets are closed with 1001."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from replay.clock import SystemClock

from .conftest import Loop
from .crowd import Desk, Line, Served, serving, waiting
from .running import run

CONNECTED = {"channel": "/meta/connect", "id": "2", "successful": True}
WITHIN = 5.0
"""Seconds in which it has to end."""


async def desks(served: Served, count: int) -> list[Desk]:
    """So many agents whose polls wait."""
    there: list[Desk] = []
    for begin in range(0, count, 100):
        names = range(begin, min(begin + 100, count))
        fresh = await asyncio.gather(*(Desk.dialled(served.port, f"agent-{name}") for name in names))
        there += await asyncio.gather(*(desk.join() for desk in fresh))
    for desk in there:
        desk.poll()
    return there


async def sockets(served: Served, count: int) -> list[Line]:
    """So many WebSockets whose clients wait."""
    lines = []
    for _ in range(count):
        line = await Line.dialled(served.port)
        await line.upgraded()
        (welcome,) = await line.tell({"channel": "/meta/handshake", "id": "1"})
        connect = {"channel": "/meta/connect", "id": "2", "clientId": welcome["clientId"]}
        await line.tell(connect)
        line.say(connect)
        lines.append(line)
    return lines


async def ended(served: Served, polling: int, on_sockets: int) -> float:
    """Lets it end while so many are served; returns the seconds it took."""
    there, lines = await desks(served, polling), await sockets(served, on_sockets)
    await waiting(served, polling)
    soon, late = await Line.dialled(served.port), await Line.dialled(served.port)
    soon.ask("/slow", headers="Authorization: a\r\n")
    late.ask("/late", headers="Authorization: b\r\n")
    while served.figure('replay_journal_entries_total{kind="request"}') < 2:
        pass
    clock = SystemClock()
    began = clock.now()
    stopping = asyncio.ensure_future(asyncio.to_thread(served.process.stop, signal.SIGTERM))
    answers, codes = await asyncio.gather(
        asyncio.gather(*(desk.polled() for desk in there)),
        asyncio.gather(*(line.closing() for line in lines)),
    )
    assert await stopping == 0, served.process.output
    took = clock.now() - began
    assert answers == [[CONNECTED]] * polling
    assert codes == [(1001, [[CONNECTED]])] * on_sockets
    assert await soon.answer() == (200, json.dumps("at last").encode())
    endings: list[Any] = await asyncio.gather(*(desk.line.ending() for desk in there))
    assert endings == ["FIN"] * polling
    assert await late.reader.read() == b""
    for line in (soon, late, *lines):
        line.close()
    for desk in there:
        desk.close()
    return took


@pytest.mark.live
@pytest.mark.parametrize(
    "flags", [(), pytest.param(("--no-front",), marks=pytest.mark.full)], ids=["front", "aiohttp"]
)
def test_who_waits_is_answered_when_it_is_told_to_end(
    one_loop: Loop, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    async def main() -> None:
        with serving(tmp_path, *flags) as served:
            await ended(served, 40, 10)

    run(main(), one_loop)


@pytest.mark.live
def test_who_is_not_read_does_not_hold_up_the_end(one_loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with serving(tmp_path) as served:
            (line,) = await sockets(served, 1)
            line.writer.transport.pause_reading()
            assert await asyncio.to_thread(served.process.stop, signal.SIGTERM) == 0
            line.close()

    run(main(), one_loop)


@pytest.mark.full
@pytest.mark.live
def test_what_another_server_is_asked_is_answered_before_the_end(one_loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "ours").mkdir()
        empty = "version: 1\nname: ours\nsteps: []\n"
        with serving(tmp_path) as upstream:
            forwarding = ("--unmatched", "forward", "--upstream", upstream.url)
            with serving(tmp_path / "ours", *forwarding, story=empty) as served:
                line = await Line.dialled(served.port)
                line.ask("/slow")
                while not upstream.figure('replay_journal_entries_total{kind="request"}'):
                    pass
                assert await asyncio.to_thread(served.process.stop, signal.SIGTERM) == 0
                assert await line.answer() == (200, b'"at last"')
                line.close()

    run(main(), one_loop)


@pytest.mark.full
@pytest.mark.live
def test_two_thousand_polls_and_five_hundred_sockets_are_let_go_within_five_seconds(
    one_loop: Loop, tmp_path: Path
) -> None:
    async def main() -> None:
        with serving(tmp_path) as served:
            took = await ended(served, 2_000, 500)
            print(f"ended in {took:.2f} s")
            assert took < WITHIN

    run(main(), one_loop, seconds=120)
