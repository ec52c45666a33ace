"""The benchmark's figures are worth what its checks are: it must run, and see what is wrong."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.asking import Asked, by_python, by_wrk
from tests.bench.wrong_server import wrong_server

ROOT = Path(__file__).parents[2]


@pytest.mark.live
def test_ours_answers_a_flood_and_twenty_agents_get_their_events_in_order(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    ours = ["--server", "replay", "--only", "accept", "--only", "websocket"]
    command = [sys.executable, "-m", "bench", "--quick", "--size", "20", "--json", str(out), *ours]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong:" not in done.stdout
    assert "events, WebSocket, 20 agents" in done.stdout
    said = json.loads(out.read_text())
    assert [(row["name"], row["ours"] > 0) for row in said["rows"]] == [("accept", True), ("websocket", True)]


@pytest.mark.live
@pytest.mark.parametrize("by", [by_wrk, by_python])
def test_an_answer_is_looked_at_however_it_is_asked_for(by: Callable[..., Asked]) -> None:
    if by is by_wrk and shutil.which("wrk") is None:
        pytest.skip("wrk is not installed; `make bench` installs it where it may")
    request = b"POST /api/v2/me/chats/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

    async def asked(answer: object) -> Asked:
        async with wrong_server(lambda events: events, answer) as server:
            return await asyncio.to_thread(by, server, [request], 0.2)

    right, wrong = asyncio.run(asked({"statusCode": 0})), asyncio.run(asked({"statusCode": 6}))

    assert (right.wrong, right.rate > 0) == ("", True)
    assert re.fullmatch(r'(\d+) of \1 answers were wrong, such as 200 \{"statusCode": 6\}', wrong.wrong)


@pytest.mark.live
def test_events_and_answers_are_never_early() -> None:
    quick = ["--seconds", "1", "--events", "200", "--only", "paced", "--only", "drift"]
    command = [sys.executable, "-m", "bench.lateness", *quick]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong:" not in done.stdout
    assert re.search(r"1,000 events/s +│ .* │ 1,000 │", done.stdout), done.stdout
