"""Connections that end without a word, that are refused, or that hear nothing any more."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from replay.clock import SystemClock
from replay.server.runner import SHUTDOWN
from replay.simulator.simulator import Simulator
from replay.wire import Begin, Cut, Deafen, Effect, Gate, Input, Piece, Send, SocketLost

from .conftest import Loop, Secured
from .dialled import HANDSHAKE, Dialled, Other, left, masked
from .running import Running, run, until
from .test_pieces import NOTHING, WHERE

LONG = bytes([0x81, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0]) + b" " * 0xFFFF
"""A frame of 64 KB."""


@pytest.mark.parametrize(("reset", "end"), [(True, "RST"), (False, "FIN")])
def test_a_request_is_cut_off_with_a_reset_or_at_the_end_of_its_stream(
    loop: Loop, secured: Secured, reset: bool, end: str
) -> None:
    async def main() -> None:
        async with Running(certificate=secured.files) as running, Dialled(running, secured.trust) as line:
            number = await line.held()
            line.write(WHERE)
            running.server.stage.perform(Cut(carrier=number, at=0, reset=reset))
            assert await line.ending() == (b"", end)
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


@pytest.mark.parametrize(
    ("reset", "error"), [(True, aiohttp.ClientOSError), (False, aiohttp.ServerDisconnectedError)]
)
def test_aiohttp_tells_the_two_apart(loop: Loop, reset: bool, error: type[Exception]) -> None:
    async def main() -> None:
        # No GET: aiohttp asks once more without a word.
        async with Running("steps: [{id: a, request: POST /a, respond: {after: 1h}}]") as running:
            asked = asyncio.ensure_future(running.http.post(running.server.url + "/a"))
            await until(lambda: running.server.stage._exchanges)
            (number,) = running.server.stage._exchanges
            running.server.stage.perform(Cut(carrier=number, at=0, reset=reset))
            with pytest.raises(error):
                await asked

    run(main(), loop)


@pytest.mark.parametrize(("reset", "end"), [(True, "RST"), (False, "FIN")])
def test_a_socket_is_cut_off_without_a_close_frame_behind_the_frames_before(
    loop: Loop, secured: Secured, reset: bool, end: str
) -> None:
    async def main() -> None:
        async with Running(certificate=secured.files) as running, Dialled(running, secured.trust) as line:
            number = await line.upgraded()
            if not reset:
                running.server.stage.perform(Send(socket=number, at=0, body=b"last"))
            running.server.stage.perform(Cut(carrier=number, at=0, reset=reset))
            assert await line.ending() == (b"" if reset else b"\x81\x04last", end)
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


@pytest.mark.interpreted
def test_a_socket_that_nobody_reads_is_reset_all_the_same(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running, limit=1 << 10) as line:
            number = await line.upgraded()
            stage = running.server.stage
            for _ in range(32):
                stage.perform(Send(socket=number, at=0, body=b"x" * (1 << 20)))
            await line.body(1)
            stage.perform(Cut(carrier=number, at=0))
            await until(lambda: left(running) == NOTHING)
            assert (await line.ending())[1] == "RST"

    run(main(), loop)


class Heard(Simulator):
    """Remembers what came on sockets."""

    inputs: tuple[Input, ...] = ()

    def receive(self, happening: Input, now: float) -> list[Effect]:
        self.inputs += (happening,)
        return super().receive(happening, now)


@pytest.mark.interpreted
def test_a_request_behind_one_that_was_cut_off_is_not_even_looked_at(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running, limit=1 << 10) as line:
            stage = running.server.stage
            stage.simulator = heard = Heard(running.server._timelines)
            number = await line.held()
            line.write(WHERE)
            stage.perform(Begin(exchange=number, at=0, length=64 << 20))
            for _ in range(32):
                stage.perform(Piece(exchange=number, at=0, body=b"x" * (1 << 20)))
            await line.head()
            stage.perform(Cut(carrier=number, at=0, reset=False))
            await until(lambda: not stage._begun)
            async with Other(running) as other:
                await other.answered()
            assert [getattr(each, "path", "") for each in heard.inputs] == ["/slow", "/where"]

    run(main(), loop)


@pytest.mark.interpreted
def test_a_deaf_socket_stays_open_and_heeds_nothing(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        async with Running(certificate=secured.files) as running:
            stage = running.server.stage
            stage.simulator = heard = Heard(running.server._timelines)
            async with Dialled(running, secured.trust) as line:
                number = await line.upgraded()
                before = len(heard.inputs)
                stage.perform(Deafen(socket=number, at=0))
                stage.perform(Send(socket=number, at=0, body=b"unheard"))
                for frame in (
                    masked(0x89, b"ping"),
                    masked(0x81, HANDSHAKE),
                    masked(0x88, b""),
                    b"\xff" * 99,
                ):
                    line.write(frame)
                    assert await line.silent()
                assert line.is_established
                assert [type(each).__name__ for each in heard.inputs[before:]] == ["Request"] * 4
            await until(lambda: left(running) == NOTHING)
            assert heard.inputs[-1] == SocketLost(socket=number)

    run(main(), loop)


@pytest.mark.interpreted
def test_frames_that_came_before_the_deafness_but_were_not_read_are_not_heeded(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            stage = running.server.stage
            async with Dialled(running) as line:
                number = await line.upgraded()
                stage.simulator = heard = Heard(running.server._timelines)
                (protocol,) = running.server._runners[0].server.connections
                # More than aiohttp takes before it stops reading.
                protocol.data_received(masked(0x89, b"ping") + masked(0x81, HANDSHAKE) + LONG * 32)
                stage.perform(Deafen(socket=number, at=0))
                assert await line.silent()
                assert [type(each).__name__ for each in heard.inputs] == ["Request"]
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


def test_a_deaf_socket_swallows_whatever_its_client_sends(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            async with Dialled(running) as line:
                number = await line.upgraded()
                running.server.stage.perform(Deafen(socket=number, at=0))
                for _ in range(256):
                    line.write(LONG)
                    await line._writer.drain()
                assert line.is_established
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


@pytest.mark.parametrize(("reset", "end"), [(True, "RST"), (False, "FIN")])
def test_a_deaf_socket_can_be_cut_off(loop: Loop, reset: bool, end: str) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            number = await line.upgraded()
            running.server.stage.perform(Deafen(socket=number, at=0))
            running.server.stage.perform(Cut(carrier=number, at=0, reset=reset))
            assert await line.ending() == (b"", end)
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


def test_closing_the_server_ends_deaf_sockets_too(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            running.server.stage.perform(Deafen(socket=await line.upgraded(), at=0))
            began = SystemClock().now()
            await running.server.__aexit__(None, None, None)
            assert (await line.ending())[0] == b""
            assert SystemClock().now() - began < SHUTDOWN

    run(main(), loop)


def test_an_answer_that_never_comes_leaves_its_connection_open_until_the_client_goes(loop: Loop) -> None:
    async def main() -> None:
        async with Running("steps: [{id: a, request: GET /a, respond: {after: 24h}}]") as running:
            async with Dialled(running) as line:
                await line.held("/a")
                running.clock.advance(3600)
                assert line.is_established
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


def test_what_is_to_be_done_to_sockets_that_have_gone_is_harmless(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            async with Dialled(running) as line:
                number = await line.upgraded()
            await until(lambda: left(running) == NOTHING)
            for gone in (number, 4711):
                running.server.stage.perform(Deafen(socket=gone, at=0))
                running.server.stage.perform(Cut(carrier=gone, at=0))
            async with Other(running) as other:
                await other.answered()

    run(main(), loop)


async def knock(running: Running, secured: Secured) -> str:
    """How a new connection fares."""
    try:
        async with Dialled(running, secured.trust) as line:
            line.ask("/where")
            received, end = await line.ending()
            assert received == b""
            return end
    except ConnectionResetError:
        return "RST"


def test_a_shut_gate_resets_who_comes_and_leaves_who_is_there(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        async with Running(certificate=secured.files) as running, Dialled(running, secured.trust) as line:
            line.ask("/where")
            await line.head()
            running.server.stage.perform(Gate(at=0, opens=False))
            for _ in range(20):
                assert await knock(running, secured) == "RST"
            await line.body(len('"https://h"') if secured.files else len('"http://h"'))
            line.ask("/where")
            assert (await line.head()).startswith("HTTP/1.1 200 ")
            running.server.stage.perform(Gate(at=0, opens=True))
            async with Dialled(running, secured.trust) as again:
                again.ask("/where")
                assert (await again.head()).startswith("HTTP/1.1 200 ")

    run(main(), loop)


@pytest.mark.parametrize("many", [200, pytest.param(10_000, marks=pytest.mark.full)])
def test_who_is_refused_leaves_nothing(loop: Loop, many: int) -> None:
    async def main() -> None:
        async with Running() as running:
            running.server.stage.perform(Gate(at=0, opens=False))
            assert await refused(running)
            before = descriptors()
            for _ in range(many):
                assert await refused(running)
            assert left(running) == NOTHING
            await until(lambda: descriptors() == before)

    run(main(), loop)


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


async def refused(running: Running) -> bool:
    """Whether a connection is reset before anything is said."""
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        line.setblocking(False)
        try:
            await loop.sock_connect(line, ("127.0.0.1", running.port))
            await loop.sock_recv(line, 1)
        except ConnectionResetError:
            return True
    return False


def test_a_gate_that_is_slammed_resets_who_is_there_too(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        async with (
            Running(certificate=secured.files) as running,
            Dialled(running, secured.trust) as idle,
            Dialled(running, secured.trust) as waiting,
            Dialled(running, secured.trust) as web_socket,
            Dialled(running, secured.trust) as deaf,
        ):
            idle.ask("/nowhere")
            await idle.head()
            await waiting.held()
            await web_socket.upgraded()
            running.server.stage.perform(Deafen(socket=await deaf.upgraded(), at=0))
            running.server.stage.perform(Gate(at=0, opens=False, cut=True))
            for line in (idle, waiting, web_socket, deaf):
                assert (await line.ending())[1] == "RST"
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)
