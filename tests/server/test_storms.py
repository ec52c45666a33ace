"""Very many who come at once, and a process that has few descriptors for them."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import socket
from pathlib import Path

import pytest

from replay.server.descriptors import RESERVE, agents_for, shortage
from replay.server.door import WHY

from .conftest import Loop
from .crowd import Desk, Line, Served, pause, serving, waiting
from .running import run

ASK = b"GET /where HTTP/1.1\r\nHost: h\r\nAuthorization: ann\r\n\r\n"
FILES = 200
"""Descriptors of a process that has few."""

needs_prlimit = pytest.mark.skipif(
    shutil.which("prlimit") is None, reason="nothing here sets limits of others"
)


async def coming(port: int) -> socket.socket:
    """A connection, as soon as the kernel has made it."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    except ConnectionError:
        sock.close()
        raise
    return sock


async def answered(sock: socket.socket) -> bytes:
    """What it gets for a request."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, ASK)
    received = b""
    while not received.endswith(b'"here"') and (some := await loop.sock_recv(sock, 1 << 16)):
        received += some
    sock.close()
    return received


async def storm(served: Served, many: int) -> None:
    """So many connect while the server cannot look, and none is refused, or lost."""
    os.kill(served.process.number, signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):
            socks = await asyncio.gather(*(coming(served.port) for _ in range(many)))
    finally:
        os.kill(served.process.number, signal.SIGCONT)
    answers = await asyncio.gather(*(answered(sock) for sock in socks))
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)


@pytest.mark.live
def test_those_who_come_while_it_is_busy_are_kept_until_it_has_time(one_loop: Loop, tmp_path: Path) -> None:
    most = Path("/proc/sys/net/core/somaxconn")
    many = min(1_500, int(most.read_text()) if most.exists() else 128)

    async def main() -> None:
        with serving(tmp_path) as served:
            await storm(served, many)

    run(main(), one_loop, seconds=60)


@pytest.mark.full
@pytest.mark.live
@pytest.mark.parametrize("flags", [(), ("--no-front",)], ids=["front", "aiohttp"])
def test_five_thousand_connections_at_once_are_all_served(
    one_loop: Loop, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    async def main() -> None:
        with serving(tmp_path, *flags) as served:
            socks = await asyncio.gather(*(coming(served.port) for _ in range(5_000)))
            answers = await asyncio.gather(*(answered(sock) for sock in socks))
            assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
            assert served.figure("process_open_fds") < 100

    run(main(), one_loop, seconds=120)


@needs_prlimit
@pytest.mark.live
@pytest.mark.parametrize(
    "flags", [(), pytest.param(("--no-front",), marks=pytest.mark.full)], ids=["front", "aiohttp"]
)
def test_without_descriptors_who_comes_is_told_so_and_who_is_here_goes_on(
    one_loop: Loop, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    async def main() -> None:
        with serving(tmp_path, "--control-port", "0", *flags, files=FILES) as served:
            desk = await (await Desk.dialled(served.port, "ann")).join()
            desk.poll()
            coming_in = (coming(served.port) for _ in range(FILES + 300))
            came = await asyncio.gather(*coming_in, return_exceptions=True)
            socks = [each for each in came if isinstance(each, socket.socket)]
            assert all(isinstance(each, socket.socket | ConnectionError) for each in came)
            answers = await asyncio.gather(*map(refused, socks))
            assert sum(each.startswith(b"HTTP/1.1 200 ") for each in answers) > FILES / 4
            told = [each for each in answers if WHY.encode() in each]
            assert told
            assert all(each.startswith(b"HTTP/1.1 503 ") for each in told)
            assert desk.client
            assert (await desk.asked("/where")) == (200, "here")

            for sock in socks:
                sock.close()
            again = await Line.dialled(served.port)
            while not (await reached(again)):
                again.close()
                await pause(0.01)
                again = await Line.dialled(served.port)
            again.close()
            desk.close()
        said = served.process.output
        assert said.count(WHY) == 1
        assert f"enough for {agents_for(FILES)} polling agents (2 connections each)" in said

    run(main(), one_loop, seconds=60)


async def refused(sock: socket.socket) -> bytes:
    """What comes of a request that may get an answer, a refusal, or a closed connection; it stays open."""
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(sock, ASK)
        return await loop.sock_recv(sock, 1 << 16)
    except ConnectionError:
        return b""


async def reached(line: Line) -> bool:
    """Whether somebody new is served."""
    try:
        line.ask("/where", headers="Authorization: bob\r\n")
        return (await line.answer())[0] == 200
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


@needs_prlimit
@pytest.mark.live
def test_its_soft_limit_is_raised_and_of_more_than_it_can_carry_it_warns(
    one_loop: Loop, tmp_path: Path
) -> None:
    async def main() -> None:
        with serving(tmp_path, "--max-agents", "3000", files=4_096) as served:
            desk = await (await Desk.dialled(served.port, "ann")).join()
            desk.poll()
            await waiting(served, 1)
            desk.close()
            assert resource.prlimit(served.process.number, resource.RLIMIT_NOFILE) == (4_096, 4_096)
        assert (
            "warning: this process may open 4,096 files, enough for 2,016 polling agents, of the 3,000 "
            "of --max-agents (2 connections each): raise the hard limit (ulimit -Hn) for more\n"
        ) in served.process.output

    run(main(), one_loop)


@pytest.mark.parametrize(
    ("descriptors", "wanted", "said"),
    [
        (None, None, ""),
        (RESERVE + 2_000, None, ""),
        (RESERVE + 1_999, None, "enough for 999 polling agents (2"),
        (RESERVE + 2, None, "enough for 1 polling agent (2"),
        (10, None, "enough for 0 polling agents (2"),
        (RESERVE + 100, 50, ""),
        (RESERVE + 100, 51, "enough for 50 polling agents, of the 51 of --max-agents (2"),
    ],
)
def test_it_is_said_only_when_there_are_few(descriptors: int | None, wanted: int | None, said: str) -> None:
    whole = shortage(descriptors, wanted)
    assert said in whole
    assert bool(said) is bool(whole)
