"""One request after another on 64 connections, every answer looked at: by wrk where it is, else by ourselves.

A server that answers 30,000 requests a second is faster than any client in Python.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.agent import GOOD
from bench.connection import BrokenError, Connection, Reply
from bench.servers import Listening
from replay.clock import SystemClock

CONNECTIONS = 64
FULL = 0.95
"""Of its core: a load that takes more may itself be what was measured."""
_SCRIPT = Path(__file__).with_suffix(".lua")
_FOUND = re.compile(r"^found (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (.*)$", re.MULTILINE)
_CLOCK = SystemClock()


class Asked(NamedTuple):
    """What came of it."""

    rate: float
    """Answers per second."""
    cost: float
    """Seconds of the server's processor for each."""
    p50: float
    """Milliseconds until an answer."""
    p99: float
    wrong: str = ""
    """What was wrong with answers, as a sentence."""
    note: str = ""


def flood(server: Listening, requests: list[bytes], seconds: float) -> Asked:
    """Asks for so long, one request after another, beginning again when all have been asked."""
    by = by_wrk if shutil.which("wrk") else by_python
    before = server.used
    asked = by(server, requests, seconds)
    return asked._replace(cost=(server.used - before) * asked.cost)


def by_wrk(server: Listening, requests: list[bytes], seconds: float) -> Asked:
    """By wrk, for whole seconds."""
    with tempfile.NamedTemporaryFile(prefix="replay-bench-") as file:
        file.write(b"\0".join(requests))
        file.flush()
        flags = ["-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(_SCRIPT)]
        command = ["wrk", *flags, f"http://{server.host}:{server.port}", "--", file.name]
        before = os.times()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        after = os.times()
    found = _FOUND.search(done.stdout)
    if found is None:
        raise BrokenError(f"wrk failed: {done.stdout}{done.stderr}")
    count, microseconds, p50, p99, bad, lost, late = map(int, found.groups()[:-1])
    passed = microseconds / 1e6
    used = after.children_user + after.children_system - before.children_user - before.children_system
    wrong = f"{bad} of {count} answers were wrong, such as {found[8]}" if bad else ""
    if lost:
        wrong = f"{lost} connections failed"
    elif not count:
        wrong = "no request was answered"
    notes = [f"{late} answers took over 2 s"] if late else []
    notes += ["wrk's core was full"] if used > FULL * passed else []
    return Asked(count / passed, 1 / max(1, count), p50 / 1000, p99 / 1000, wrong, "; ".join(notes))


def by_python(server: Listening, requests: list[bytes], seconds: float) -> Asked:
    """By a client of our own, which a fast server may outrun."""
    began, used = _CLOCK.now(), time.process_time()
    times, bad = uvloop.run(_ask(server, requests, seconds))
    used, passed = time.process_time() - used, _CLOCK.now() - began
    wrong = f"{len(bad)} of {len(times)} answers were wrong, such as {bad[0]}" if bad else ""
    if not times:
        raise BrokenError(wrong or "no request was answered")
    times.sort()
    note = "asked without wrk" + (", the load's core was full" if used > FULL * passed else "")
    p50, p99 = (1000 * times[len(times) * percent // 100] for percent in (50, 99))
    return Asked(len(times) / passed, 1 / len(times), p50, p99, wrong, note)


async def _ask(server: Listening, requests: list[bytes], seconds: float) -> tuple[list[float], list[str]]:
    """Seconds until each answer, and what was wrong."""
    times: list[float] = []
    bad: list[str] = []
    until, at, open_ = _CLOCK.now() + seconds, 0, CONNECTIONS
    over = asyncio.Event()

    def start(connection: Connection) -> None:
        nonlocal at, open_
        asked = _CLOCK.now()
        if asked > until:
            connection.close()
            open_ -= 1
            if not open_:
                over.set()
            return
        at = (at + 1) % len(requests)

        def hear(reply: Reply) -> None:
            nonlocal open_
            times.append(_CLOCK.now() - asked)
            if reply.status != 200 or reply.body.replace(b" ", b"") != GOOD:
                bad.append(f"{reply.status} {reply.body.decode(errors='replace')}")
            if reply.status:
                start(connection)
            else:
                open_ -= 1
                if not open_:
                    over.set()

        connection.say(requests[at], hear)

    for connection in [await Connection.open(server.host, server.port) for _ in range(CONNECTIONS)]:
        start(connection)
    async with asyncio.timeout(seconds + 20):
        await over.wait()
    return times, bad
