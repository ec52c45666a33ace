"""From the command to the first answer: what a test suite waits for, each time."""

from __future__ import annotations

import json
import statistics
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from bench.agent import MOUNT
from bench.connection import BrokenError
from bench.goals import Goal, Row, Runs
from bench.loading import big
from bench.run import Run
from bench.servers import OURS, RIVALS, ROOT, ours, python, started
from replay.clock import SystemClock
from replay.scenario.dump import dumps

LEAST = "minimal aiohttp"
STARTS = 3
"""For each run."""
SMALL = Goal("start", "start to first answer, accept-chat", "s", "at most", 0.6, 0.3)
LARGE = Goal("start", "start to first answer, 10,000 steps", "s", "at most", 2, 1)
NAMES: tuple[str, ...] = (SMALL.name,)
_HANDSHAKE = [{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}]
_ACCEPT = "/api/v2/me/chats/1", {"operationName": "Accept"}
_CLOCK = SystemClock()


def rows(run: Run) -> list[Row]:
    """Both scenarios; the least that Python and aiohttp take stands beside."""
    with tempfile.TemporaryDirectory(prefix="replay-bench-") as folder:
        large = Path(folder) / "big.yaml"
        large.write_text(dumps(big()), encoding="utf-8")
        commands = {
            SMALL: ours(ROOT / "scenarios" / "accept-chat.yaml"),
            LARGE: ours(large),
            None: python(RIVALS / "accept.py"),
        }
        starts = 2 if run.quick else STARTS * run.runs
        times: dict[Goal | None, Runs] = {goal: [] for goal in commands}
        costs: dict[Goal | None, list[float]] = {goal: [] for goal in commands}
        for number in range(starts + 1):
            run.tell(f"start to first answer: {number} of {starts} …")
            for goal, command in commands.items():
                taken = _first_answer(run, command, says_hello=goal is not None)
                # The first start compiles, and brings files into memory.
                if number:
                    times[goal].append(taken and taken.passed)
                    costs[goal] += [taken.used] if taken else []
    for goal in (SMALL, LARGE):
        if costs[goal]:
            run.note(f"{goal.what}: {statistics.median(costs[goal]):.2f} s of processor time")
    return [Row(SMALL, times[SMALL], {LEAST: times[None]}), Row(LARGE, times[LARGE], {})]


class _Taken(NamedTuple):
    """Seconds: of the clock, and of a processor, which other programs disturb less."""

    passed: float
    used: float


def _first_answer(run: Run, command: list[str], *, says_hello: bool) -> _Taken | None:
    """What it took; a story's first answer may be meant to be late, so CometD is asked."""
    began = _CLOCK.now()
    with started(command, run.server_core) as (server, _):
        connection = HTTPConnection(server.host, server.port, timeout=20)
        try:
            path, body = (MOUNT, _HANDSHAKE) if says_hello else _ACCEPT
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            taken = _Taken(_CLOCK.now() - began, server.used)
        except OSError as error:
            run.broke(OURS if says_hello else LEAST, error)
            return None
        finally:
            connection.close()
    if answer.status != 200 or (says_hello and json.loads(said)[0]["successful"] is not True):
        run.broke(OURS, BrokenError(f"the first answer was {answer.status} {said!r}"))
    return taken
