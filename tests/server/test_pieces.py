"""Answers whose head and body come bit by bit."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from replay.simulator.simulator import Simulator
from replay.wire import Begin, Cut, Effect, ExchangeLost, Input, Piece

from .conftest import Loop, Secured
from .dialled import Dialled, left
from .running import Running, run, until

NOTHING = [{}, {}, {}, {}, [], []]
WHERE = b"GET /where HTTP/1.1\r\nHost: h\r\n\r\n"


def begin(running: Running, number: int, length: int, status: int = 200, **headers: str) -> None:
    head = Begin(exchange=number, at=0, status=status, headers=tuple(headers.items()), length=length)
    running.server.stage.perform(head)


def piece(running: Running, number: int, body: bytes) -> None:
    running.server.stage.perform(Piece(exchange=number, at=0, body=body))


def test_head_and_body_come_as_they_are_sent_and_the_connection_goes_on(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        async with Running(certificate=secured.files) as running, Dialled(running, secured.trust) as line:
            number = await line.held()
            begin(running, number, 8, Kept="1")
            head = await line.head()
            assert head.startswith("HTTP/1.1 200 OK\r\n")
            assert "Content-Length: 8\r\n" in head
            assert "Kept: 1\r\n" in head
            piece(running, number, b"some")
            assert await line.body(4) == b"some"
            piece(running, number, b"more")
            assert await line.body(4) == b"more"

            line.ask("/where")
            assert (await line.head()).startswith("HTTP/1.1 200 ")
            assert running.server.stage._begun == {}

    run(main(), loop)


def test_what_is_due_at_one_moment_leaves_in_one_turn(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            number = await line.held()
            begin(running, number, 2)
            piece(running, number, b"a")
            piece(running, number, b"b")
            await line.head()
            assert await line.body(2) == b"ab"

    run(main(), loop)


def test_a_request_behind_a_slow_answer_is_answered_after_it(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            number = await line.held()
            line.write(WHERE)
            begin(running, number, 2)
            await line.head()
            piece(running, number, b"a")
            assert await line.silent() is False
            piece(running, number, b"b")
            assert await line.body(2) == b"ab"
            assert (await line.head()).startswith("HTTP/1.1 200 ")

    run(main(), loop)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_without_a_body_is_its_head(loop: Loop, method: str, status: int) -> None:
    async def main() -> None:
        text = f"steps: [{{id: a, request: {method} /a, respond: {{after: 1h}}}}]"
        async with Running(text) as running, Dialled(running) as line:
            number = await line.held("/a", method)
            begin(running, number, 2, status)
            piece(running, number, b"ab")
            assert (await line.head()).startswith(f"HTTP/1.1 {status} ")
            line.ask("/nowhere")
            assert (await line.head()).startswith("HTTP/1.1 404 ")

    run(main(), loop)


def test_headers_that_framed_a_recorded_answer_are_left_out(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            number = await line.held()
            begin(running, number, 1, **{"Transfer-Encoding": "chunked", "Content-Length": "3"})
            head = await line.head()
            assert "chunked" not in head
            assert "Content-Length: 1\r\n" in head

    run(main(), loop)


def test_a_page_of_another_origin_may_read_it(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            begin(running, await line.held(headers="Origin: http://page\r\n"), 1)
            assert "Access-Control-Allow-Origin: http://page\r\n" in await line.head()

    run(main(), loop)


@pytest.mark.parametrize("some", [b"", b"some"])
def test_a_body_that_ends_early_is_a_content_length_error(loop: Loop, secured: Secured, some: bytes) -> None:
    async def main() -> None:
        async with Running(certificate=secured.files) as running, Dialled(running, secured.trust) as line:
            number = await line.held()
            begin(running, number, 10)
            piece(running, number, some)
            running.server.stage.perform(Cut(carrier=number, at=0, reset=False))
            assert "Content-Length: 10\r\n" in await line.head()
            assert await line.ending() == (some, "FIN")
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


@pytest.mark.interpreted
def test_aiohttp_calls_it_a_payload_error(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            asked = asyncio.ensure_future(running.http.get(running.server.url + "/slow"))
            await until(lambda: running.server.stage._exchanges)
            (number,) = running.server.stage._exchanges
            begin(running, number, 10)
            piece(running, number, b"some")
            running.server.stage.perform(Cut(carrier=number, at=0, reset=False))
            response = await asked
            with pytest.raises(aiohttp.ClientPayloadError, match="ContentLengthError"):
                await response.read()

    run(main(), loop)


class Watched(Simulator):
    """Remembers which exchanges were lost."""

    lost: tuple[int, ...] = ()

    def receive(self, happening: Input, now: float) -> list[Effect]:
        if isinstance(happening, ExchangeLost):
            self.lost += (happening.exchange,)
        return super().receive(happening, now)


SLICES = 50


class Slow(Simulator):
    """Answers every request with a slice a second."""

    def receive(self, happening: Input, now: float) -> list[Effect]:
        effects = super().receive(happening, now)
        return [each for effect in effects for each in self._sliced(effect, now)]

    def _sliced(self, effect: Effect, now: float) -> list[Effect]:
        number = getattr(effect, "exchange", None)
        if number is None:
            return [effect]
        head = Begin(exchange=number, at=now, length=SLICES)
        return [head, *(Piece(exchange=number, at=now + i + 1, body=b"x") for i in range(SLICES))]


@pytest.mark.interpreted
@pytest.mark.parametrize("begun", [False, True])
def test_a_client_that_goes_away_is_told_once_and_leaves_nothing(loop: Loop, begun: bool) -> None:
    async def main() -> None:
        async with Running() as running:
            running.server.stage.simulator = watched = Watched(running.server._timelines)
            async with Dialled(running) as line:
                number = await line.held()
                if begun:
                    begin(running, number, 10)
                    piece(running, number, b"some")
                    await line.head()
            await until(lambda: left(running) == NOTHING)
            piece(running, number, b"more")
            assert watched.lost == (number,)

    run(main(), loop)


@pytest.mark.interpreted
@pytest.mark.parametrize("many", [50, pytest.param(500, marks=pytest.mark.full)])
def test_many_slow_answers_end_each_in_its_time_or_with_its_client(loop: Loop, many: int) -> None:
    async def main() -> None:
        async with Running() as running:
            running.server.stage.simulator = Slow(running.server._timelines)
            lines = [Dialled(running) for _ in range(many)]
            for line in lines:
                await line.__aenter__()
                line.ask("/where")
            for line in lines:
                await line.head()
            running.clock.advance(10)
            for line in lines[::2]:
                await line.__aexit__(None, None, None)
            await until(lambda: len(running.server.stage._begun) == many // 2)
            running.clock.advance(SLICES)
            for line in lines[1::2]:
                assert await line.body(SLICES) == b"x" * SLICES
                await line.__aexit__(None, None, None)
            await until(lambda: left(running) == NOTHING)

    run(main(), loop)


@pytest.mark.interpreted
def test_pieces_for_clients_that_have_gone_are_kept_no_longer_than_for_those_that_stay(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            stage = running.server.stage
            stage.simulator = Slow(running.server._timelines)
            async with Dialled(running) as stays:
                stays.ask("/where")
                await stays.head()
                for _ in range(5):
                    async with Dialled(running) as goes:
                        goes.ask("/where")
                        await goes.head()
                    await until(lambda: len(stage._begun) == 1)
                    assert len(stage._due) <= 2 * SLICES + 1

    run(main(), loop)


def test_a_reset_does_not_wait_for_a_client_that_does_not_read(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running, limit=1 << 10) as line:
            number = await line.held()
            begin(running, number, 64 << 20)
            for _ in range(32):
                piece(running, number, b"x" * (1 << 20))
            running.server.stage.perform(Cut(carrier=number, at=0))
            await until(lambda: left(running) == NOTHING)
            received, end = await line.ending()
            assert (len(received) < 32 << 20, end) == (True, "RST")

    run(main(), loop)


def test_what_comes_for_an_answer_that_is_over_or_never_was_is_harmless(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            number = await line.held()
            begin(running, number, 1)
            piece(running, number, b"a")
            await line.head()
            await line.body(1)
            await until(lambda: not running.server.stage._begun)
            for gone in (number, 4711):
                begin(running, gone, 1)
                piece(running, gone, b"a")
                running.server.stage.perform(Cut(carrier=gone, at=0))
            line.ask("/where")
            assert (await line.head()).startswith("HTTP/1.1 200 ")

    run(main(), loop)


def test_closing_the_server_lets_a_slow_answer_go_at_once(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running, Dialled(running) as line:
            number = await line.held()
            begin(running, number, 10)
            await line.head()
            await running.server.__aexit__(None, None, None)
            assert (await line.ending())[1] == "RST"

    run(main(), loop)
