"""`python -m bench.lateness`: whether `replay serve` does everything on time, and nothing early.

Three shows, each by itself with `--only`:

* paced: 1,000 events a second to several agents, by the server's own account, beside how late a process on
  the same core is that does nothing but wait;
* answers: an answer delayed by 100 ms as a client sees it, beside mountebank and a bare aiohttp that sleeps,
  alternating in one run;
* drift: 10,000 events, each 1 ms after the one before, as a client sees them.

Exit code 1 when something came early or not at all; times decide only with `--within`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import click
import uvloop
from rich.console import Console
from rich.table import Table

from bench.connection import Connection
from bench.servers import OURS, RIVALS, Listening, cores, pinned, started
from bench.waiting import until
from replay.clock import SystemClock

GOALS = {"paced p50": 0.3, "paced p99": 3.0, "drift": 5.0}
"""Milliseconds on an idle machine; on a busy one, what it takes a process that only waits."""
DELAY = 100.0
"""Milliseconds that answers are delayed."""
CONNECTIONS, ASKED = 8, 13
"""Of each server in a round, and requests on each of them."""
BARE, MOUNTEBANK = "bare aiohttp", "mountebank"
_CLOCK = SystemClock()
_ANSWERS = """
version: 1
name: answers
steps: [{id: slow, request: GET /slow, respond: {after: 100ms, body: {statusCode: 0}}}]
"""


class Line(NamedTuple):
    """A row of the table."""

    what: str
    p50: float
    p99: float
    worst: float
    earliest: float
    of: int


class Verdict(NamedTuple):
    """What a show showed."""

    lines: list[Line]
    wrong: list[str]
    """What must never be: early, or missing."""
    missed: list[str]
    """Goals that were not reached, within the factor asked for."""


@click.command()
@click.option("--only", multiple=True, type=click.Choice(("paced", "answers", "drift")))
@click.option("--seconds", default=30, show_default=True, help="How long events are paced.")
@click.option("--agents", default=10, show_default=True, help="That share the paced events.")
@click.option("--rounds", default=12, show_default=True, help="Of delayed answers, by each server.")
@click.option("--events", default=10_000, show_default=True, help="One after another, 1 ms apart.")
@click.option("--within", default=0.0, help="Goals times this decide the exit code; 0 decides nothing.")
def main(
    *, only: tuple[str, ...], seconds: int, agents: int, rounds: int, events: int, within: float
) -> None:
    """Measures lateness."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    shows: dict[str, Callable[[], Verdict]] = {
        "paced": lambda: _paced(seconds, agents, within),
        "answers": lambda: _answers(rounds, within),
        "drift": lambda: _drift(events, within),
    }
    verdicts = []
    for name, show in shows.items():
        if not only or name in only:
            console.print(f"lateness: {name} …", markup=False)
            verdicts.append(show())
    console.print(_table([line for verdict in verdicts for line in verdict.lines]))
    wrong = [each for verdict in verdicts for each in verdict.wrong]
    missed = [each for verdict in verdicts for each in verdict.missed]
    for sentence in wrong:
        console.print(f"wrong: {sentence}", style="red", markup=False)
    for sentence in missed:
        console.print(f"missed: {sentence}", markup=False)
    lines = [line for verdict in verdicts for line in verdict.lines]
    console.print(
        "; ".join(f"{each.what} {each.p50:.2f} / {each.p99:.2f} ms" for each in lines), soft_wrap=True
    )
    sys.exit(int(bool(wrong) or (within > 0 and bool(missed))))


# Events


def _paced(seconds: int, agents: int, within: float) -> Verdict:
    """Each agent has a story of its own; together they are due a thousand times a second."""
    apart = agents  # milliseconds between two events of one agent
    steps = 1000 * seconds // apart
    with pinned(cores()[0]):
        waiting = subprocess.Popen(
            [sys.executable, "-m", "bench.waiting", str(seconds)], stdout=subprocess.PIPE, text=True
        )
    came, said = _streamed(_ticking(steps, apart), agents)
    alone = sorted(json.loads(waiting.communicate()[0]))
    found = re.search(
        r"lateness: p50 ([\d.]+) ms, p99 ([\d.]+) ms, worst ([\d.]+) ms(?:, ([\d.]+) ms early.*)?"
        r" over ([\d,]+)",
        said,
    )
    if found is None:
        return Verdict([], [f"the server said nothing of its lateness: {said}"], [])
    p50, p99, worst = (float(each) for each in found.groups()[:3])
    early, count = float(found[4] or 0), int(found[5].replace(",", ""))
    line = Line(f"{count / seconds:,.0f} events/s", p50, p99, worst, -early or 0.0, count)
    wrong = [f"an event was {early} ms early"] if early else []
    wrong += [
        f"agent {number} got {len(each) - 1} of {steps}"
        for number, each in enumerate(came)
        if len(each) <= steps
    ]
    machine = Line("a process beside it that only waits", *_quantiles(alone), len(alone))
    missed = [
        f"{name} {value} ms, goal {GOALS[name]} ms, a process that only waits {own:.2f} ms"
        for name, value, own in (("paced p50", p50, machine.p50), ("paced p99", p99, machine.p99))
        if value > max(GOALS[name], own) * (within or 1)
    ]
    return Verdict([line, machine], wrong, missed)


def _drift(events: int, within: float) -> Verdict:
    came, _ = _streamed(_ticking(events, 1), 1)
    began, *times = came[0]
    if len(times) != events:
        return Verdict([], [f"{len(times)} of {events} events came"], [])
    late = sorted(1000 * (at - began) - number for number, at in enumerate(times, 1))
    over = 1000 * (times[-1] - began) - events
    line = Line(f"the last of {events:,}, 1 ms apart", over, over, over, over, 1)
    seen = Line("each of them, by its client", *_quantiles(late), len(late))
    missed = [] if abs(over) <= GOALS["drift"] * (within or 1) else [f"the last came {over:+.1f} ms off"]
    wrong = [f"an event came {-late[0]:.2f} ms early"] if late[0] < 0 else []
    return Verdict([line, seen], wrong, missed)


def _ticking(steps: int, apart: int) -> str:
    """A scenario of events that follow one another, as one writes it by hand."""
    ticks = [
        f"  - {{id: t{number}, push: /ticks, data: {{number: {number}, text: Hello World}},"
        f" after: {f't{number - 1}' if number > 1 else 'start'} + {apart}ms}}"
        for number in range(1, steps + 1)
    ]
    return (
        "version: 1\nname: ticking\ncometd: {path: /cometd, timeout: 10m}\nsteps:\n" + "\n".join(ticks) + "\n"
    )


def _streamed(text: str, agents: int) -> tuple[list[list[float]], str]:
    """When each agent subscribed and when its events came, and what the server said at its end."""
    server_core, load_core = cores()
    with tempfile.TemporaryDirectory(prefix="replay-bench-") as folder:
        with started(_ours(Path(folder), text), server_core) as (server, said), pinned(load_core):
            came = uvloop.run(_listen(server, agents, text.count("push:")))
        return came, "\n".join(said)


async def _listen(server: Listening, agents: int, expected: int) -> list[list[float]]:
    async with aiohttp.ClientSession() as http:
        url = f"http://{server.host}:{server.port}/cometd"
        return await asyncio.gather(*(_agent(http, url, number, expected) for number in range(agents)))


async def _agent(http: aiohttp.ClientSession, url: str, number: int, expected: int) -> list[float]:
    user = base64.b64encode(f"agent{number}:x".encode()).decode()
    headers = {"Authorization": f"Basic {user}"}
    async with http.ws_connect(url, headers=headers) as socket:

        async def say(verb: str, **fields: Any) -> Any:
            await socket.send_json([{"channel": f"/meta/{verb}", "id": "1", **fields}])
            return (await socket.receive_json())[0]

        client = (await say("handshake", supportedConnectionTypes=["websocket"]))["clientId"]
        await say("connect", clientId=client, connectionType="websocket")
        await socket.send_json(
            [{"channel": "/meta/connect", "clientId": client, "connectionType": "websocket"}]
        )
        times = [_CLOCK.now()]
        await socket.send_json([{"channel": "/meta/subscribe", "clientId": client, "subscription": "/ticks"}])
        while len(times) <= expected:
            frame = await socket.receive(timeout=30)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            if '"/ticks","data"' in frame.data:
                times.append(_CLOCK.now())
    return times


# Answers


def _answers(rounds: int, within: float) -> Verdict:
    server_core, load_core = cores()
    with tempfile.TemporaryDirectory(prefix="replay-bench-") as folder, ExitStack() as running:
        commands = {
            OURS: _ours(Path(folder), _ANSWERS),
            MOUNTEBANK: [shutil.which("node") or "node", str(RIVALS / "mountebank.js")],
            BARE: [sys.executable, str(RIVALS / "bare.py")],
        }
        servers = {
            name: running.enter_context(started(command, server_core))[0]
            for name, command in commands.items()
        }
        running.enter_context(pinned(load_core))
        late = uvloop.run(_ask_all(servers, rounds))
    lines = {name: _of_rounds(f"{DELAY:.0f} ms: {name}", each) for name, each in late.items()}
    ours = lines[OURS]
    wrong = [f"an answer came {-ours.earliest:.2f} ms early"] if ours.earliest < 0 else []
    missed = [
        f"{name} answers earlier: p50 {other.p50:.2f}, p99 {other.p99:.2f} ms"
        for name, other in lines.items()
        if name != OURS and (ours.p50 > other.p50 * (within or 1) or ours.p99 > other.p99 * (within or 1))
    ]
    return Verdict(list(lines.values()), wrong, missed)


def _of_rounds(what: str, rounds: list[list[float]]) -> Line:
    """Medians of the rounds' quantiles: what disturbs the machine disturbs some rounds, of anybody."""
    p50, p99, _, _ = (statistics.median(each) for each in zip(*map(_quantiles, rounds), strict=True))
    every = sorted(itertools.chain(*rounds))
    return Line(what, p50, p99, every[-1], every[0], len(every))


async def _ask_all(servers: dict[str, Listening], rounds: int) -> dict[str, list[list[float]]]:
    """Milliseconds after the delay at which answers came, sorted, for each round of each server."""
    names = list(servers)
    late: dict[str, list[list[float]]] = {name: [] for name in names}
    for number in range(rounds + 1):
        # Each comes after each of the others equally often.
        for name in names if number % 2 else reversed(names):
            found = await _ask(servers[name])
            # The first round warms everything up.
            late[name] += [sorted(found)] if number else []
    return late


async def _ask(server: Listening) -> list[float]:
    """Milliseconds after the delay at which answers came, on several connections at once."""
    late: list[float] = []
    head = f"GET /slow HTTP/1.1\r\nHost: {server.host}:{server.port}\r\nAccept: */*\r\n\r\n".encode()

    async def one(number: int) -> None:
        connection = await Connection.open(server.host, server.port)
        # Not in step: clients are not either.
        await until(_CLOCK.now() + DELAY / 1000 * number / CONNECTIONS)
        for _ in range(ASKED):
            asked = _CLOCK.now()
            reply = await connection.ask(head)
            late.append(1000 * (_CLOCK.now() - asked) - DELAY)
            assert json.loads(reply.body) == {"statusCode": 0}, reply
        connection.close()

    await asyncio.gather(*map(one, range(CONNECTIONS)))
    return late


def _ours(folder: Path, text: str) -> list[str]:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return [sys.executable, "-m", "replay", "serve", str(path), "--port", "0", "--print-url"]


def _quantiles(late: list[float]) -> tuple[float, float, float, float]:
    """Of sorted times: median, 99th percentile, worst and earliest."""
    return late[len(late) // 2], late[len(late) * 99 // 100], late[-1], late[0]


def _table(lines: list[Line]) -> Table:
    table = Table(title="lateness, ms", title_justify="left")
    for heading in ("", "p50", "p99", "worst", "earliest", "of"):
        table.add_column(heading, justify="right" if heading else "left")
    for line in lines:
        cells = (f"{each:.2f}" for each in line[1:5])
        table.add_row(line.what, *cells, f"{line.of:,}")
    return table


if __name__ == "__main__":
    main()
