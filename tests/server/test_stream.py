"""`stream`, read on real sockets: what happened, what happens, and how it ends."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

import aiohttp
import pytest
from yarl import URL

from replay.journal import Journal

from .conftest import Loop
from .running import run
from .steered import Steered


async def lines_of(running: Steered, query: str = "until=now") -> list[Any]:
    """What is told to somebody who wants what there is."""
    async with running.http.get(f"{running.server.control_url}/stream?{query}") as answer:
        assert answer.status == 200, await answer.text()
        return [json.loads(line) for line in (await answer.read()).splitlines()]


def numbers(lines: list[Any]) -> list[int]:
    return [entry["number"] for line in lines for entry in line.get("entries", [])]


def journal_of(running: Steered) -> Journal:
    return running.server.stage.simulator.journal


def test_first_it_says_how_all_stands_then_what_happened(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            await running.looks()
            beat, entries = await lines_of(running)
            assert beat["beat"] | {"run": "", "version": "", "late": {}} == {
                "run": "",
                "version": "",
                "clock": "manual",
                "now": 0.0,
                "seed": 0,
                "speed": 1.0,
                "playing": ["story"],
                "total": 4,
                "first": 1,
                "counts": {"agent": 1, "play": 1, "request": 1, "answer": 1},
                "agents": 1,
                "late": {},
            }
            assert [each["kind"] for each in entries["entries"]] == ["agent", "play", "request", "answer"]

    run(main(), loop)


def test_who_comes_again_is_told_what_came_since(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            for _ in range(2):
                await running.looks()
            assert numbers(await lines_of(running, "since=4&until=now")) == [5, 6]
            assert numbers(await lines_of(running, "since=6&until=now")) == []

    run(main(), loop)


def test_who_knows_more_than_there_is_comes_from_another_run_and_is_told_all(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            await running.looks()
            assert numbers(await lines_of(running, "since=99&until=now")) == [1, 2, 3, 4]

    run(main(), loop)


def test_what_the_window_has_lost_is_said_to_be_lost(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            journal = Journal(max_entries=3)
            running.server.stage.simulator.journal = journal
            for n in range(10):
                journal.note("agent", n, f"#{n}")
            lines = await lines_of(running, "since=2&until=now")
            assert [line["gap"] for line in lines if "gap" in line] == [5]
            assert numbers(lines) == [8, 9, 10]

    run(main(), loop)


def test_much_is_told_in_pieces(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            for n in range(1201):
                journal_of(running).note("agent", n, f"#{n}")
            lines = await lines_of(running)
            assert [len(line["entries"]) for line in lines if "entries" in line] == [500, 500, 201]

    run(main(), loop)


def test_what_happens_is_told_as_it_happens_and_a_clock_that_is_moved_too(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            answer = await running.http.get(f"{running.server.control_url}/stream")
            first = json.loads(await answer.content.readline())
            await running.looks()
            await running.call("POST", "clock", {"advance": "10s"})
            kinds: list[str] = []
            now = first["beat"]["now"]
            while "answer" not in kinds or now < 10:
                line = json.loads(await answer.content.readline())
                now = line["beat"]["now"] if "beat" in line else now
                kinds += [each["kind"] for each in line.get("entries", [])]
            assert (first["beat"]["now"], now) == (0.0, 10.0)
            assert kinds == ["agent", "play", "request", "answer"]
            answer.close()

    run(main(), loop)


def test_a_stream_ends_with_its_server_and_that_does_not_wait(loop: Loop) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as http:
            async with Steered() as running:
                answers = [await http.get(f"{running.server.control_url}/stream") for _ in range(20)]
            ends = [answer.content.read() for answer in answers]
            assert all(json.loads(end.splitlines()[0])["beat"] for end in await asyncio.gather(*ends))

    run(main(), loop)


def test_a_reader_that_goes_away_leaves_nothing_behind(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            answer = await running.http.get(f"{running.server.control_url}/stream")
            await answer.content.readline()
            answer.close()
            assert (await running.looks())[0] == 200

    run(main(), loop)


def test_a_stream_until_another_time_is_refused(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            url = f"{running.server.control_url}/stream?until=tomorrow"
            async with running.http.get(url) as answer:
                assert answer.status == 400
                assert "'until' cannot be 'tomorrow'" in (await answer.json())["error"]["what"]

    run(main(), loop)


def test_the_page_lets_nothing_run_but_its_own_script(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            for end in ("", "/"):
                async with running.http.get(running.server.control_url + end) as answer:
                    policy = answer.headers["Content-Security-Policy"]
                    assert (answer.status, answer.content_type) == (200, "text/html")
                    assert policy.startswith("default-src 'none'; script-src 'sha256-")
                    assert "unsafe" not in policy
                    assert "frame-ancestors 'none'" in policy
                    assert answer.headers["Cache-Control"] == "no-store"

    run(main(), loop)


def test_pages_that_are_closed_at_once_leave_no_word_in_the_log(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Steered() as running:
            await running.looks()
            port = URL(running.server.url).port
            for path in ["stream", "journal", "journal?format=har"] * 10:
                with socket.create_connection(("127.0.0.1", port)) as page:
                    page.sendall(f"GET /__replay/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    page.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await running.looks()

    run(main(), loop)
    assert [record.getMessage() for record in caplog.records] == []
