"""`python -m bench.recorder`: what recording costs, beside plain `mitmdump` and `mitmdump -w`, in one run.

All proxies stand before the same server and run at the same time; each round loads one after another, in an
order that moves on, so that what disturbs the machine disturbs all. Ratios are of one round; their medians
count. `--least` makes the exit code 1 when `replay record` falls below that share of plain
`mitmdump`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import click
import uvloop
from rich.console import Console
from rich.table import Table

from bench.connection import Connection
from bench.origin import HELD
from replay.clock import SystemClock

DIRECT, PLAIN, SAVING = "no proxy", "mitmdump", "mitmdump -w"
ADDON, OURS = "mitmdump -s addon", "replay record"
CONNECTIONS = 16
POLLS = 8
"""Polls that are held at a time while lateness is measured."""
PACE = 0.02
"""Seconds between two requests that go on beside the held polls."""
_BODY = b'{"operationName":"Accept","nickname":"Marat","clientId":"1x2y3z4w5v6u7t8s9"}'
_ADDON = Path(__file__).parents[1] / "replay" / "capture" / "addon.py"
_PATIENCE = 30
_CLOCK = SystemClock()


class Contender(NamedTuple):
    """What is measured."""

    port: int
    pid: int

    def busy(self) -> float:
        """Seconds of processor time it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Round(NamedTuple):
    """What one contender showed in one round."""

    rate: float
    """Requests per second."""
    late: list[float]
    """Milliseconds from the moment a held poll was answered to the moment its client knew, each."""
    cost: float
    """Milliseconds of processor time of the proxy itself for a request."""


@click.command()
@click.option("--rounds", default=15, show_default=True)
@click.option("--requests", default=800, show_default=True, help="In each round, by each.")
@click.option("--least", type=float, default=0.0, help="Share of plain mitmdump's rate to reach.")
def main(*, rounds: int, requests: int, least: float) -> None:
    """Compares recorders."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    with (
        tempfile.TemporaryDirectory(prefix="replay-bench-") as folder,
        _contenders(Path(folder)) as contenders,
    ):
        measured = uvloop.run(_measure(contenders, rounds, requests))
        written = (Path(folder) / "ours.mitm").stat().st_size
    console.print(_table(measured))
    plain, saving = _share(measured), _share(measured, SAVING)
    addon, addon_saving = _share(measured, PLAIN, ADDON), _share(measured, SAVING, ADDON)
    cost, addon_cost = _cost(measured, OURS), _cost(measured, ADDON)
    later = _median_late(measured, OURS) - _median_late(measured, PLAIN)
    spread = statistics.median(abs(each - _median_late(measured, PLAIN)) for each in _late(measured, PLAIN))
    console.print(
        f"replay record: {plain:.2f} of mitmdump, {saving:.2f} of mitmdump -w;"
        f" mitmdump -s addon: {addon:.2f} of mitmdump,"
        f" {addon_saving:.2f} of mitmdump -w;"
        f" processor time {cost:.2f} and {addon_cost:.2f} of mitmdump's;"
        f" a held poll {later:+.2f} ms (mitmdump's own spread {spread:.2f} ms);"
        f" {rounds} rounds of {requests}, {written / 1e6:.1f} MB",
        soft_wrap=True,
    )
    sys.exit(int(plain < least))


@contextmanager
def _contenders(folder: Path) -> Iterator[dict[str, Contender]]:
    """All of them, running."""
    with ExitStack() as running:
        origin = running.enter_context(_process([sys.executable, "-m", "bench.origin"]))
        assert origin.stdout is not None
        url = origin.stdout.readline().strip()
        contenders = {DIRECT: Contender(int(url.rpartition(":")[2]), origin.pid)}
        dump = str(Path(sys.executable).with_name("mitmdump"))
        proxy = [dump, "-q", "--mode", f"reverse:{url}", "--listen-host", "127.0.0.1"]
        proxy += ["--set", f"confdir={folder / 'conf'}", "-p"]
        ours = [sys.executable, "-m", "replay", "record", "--upstream", url]
        ours += ["--to", str(folder / "ours.mitm"), "--listen"]
        more = {
            SAVING: ["-w", str(folder / "saved.mitm")],
            ADDON: ["-s", str(_ADDON), "--set", f"replay_to={folder / 'addon.mitm'}"],
        }
        for name, command in ((PLAIN, proxy), (SAVING, proxy), (ADDON, proxy), (OURS, ours)):
            port = _free_port()
            address = f"127.0.0.1:{port}" if name == OURS else str(port)
            process = running.enter_context(_process([*command, address, *more.get(name, [])]))
            contenders[name] = Contender(port, process.pid)
        yield contenders


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def _measure(contenders: dict[str, Contender], rounds: int, requests: int) -> dict[str, list[Round]]:
    for each in contenders.values():
        await _listening(each.port)
        await _rate(each.port, requests // 4)
    names = list(contenders)
    measured: dict[str, list[Round]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            one = contenders[name]
            before = one.busy()
            rate = await _rate(one.port, requests)
            cost = 1000 * (one.busy() - before) / requests
            measured[name].append(Round(rate, await _lateness(one.port), cost))
    return measured


async def _listening(port: int) -> None:
    until = _CLOCK.now() + _PATIENCE
    while True:
        try:
            connection = await Connection.open("127.0.0.1", port)
        except ConnectionRefusedError:
            if _CLOCK.now() > until:
                raise
            await _later(0.1)
        else:
            connection.close()
            return


async def _rate(port: int, requests: int) -> float:
    connections = [await Connection.open("127.0.0.1", port) for _ in range(CONNECTIONS)]
    left = requests

    async def ask(connection: Connection, number: int) -> None:
        nonlocal left
        request = _request(port, f"/api/v2/me/chats/{number}")
        while left > 0:
            left -= 1
            reply = await connection.ask(request)
            assert reply.status == 200, reply
        connection.close()

    began = _CLOCK.now()
    await asyncio.gather(*(ask(connection, number) for number, connection in enumerate(connections)))
    return requests / (_CLOCK.now() - began)


async def _lateness(port: int) -> list[float]:
    """How late held polls are answered while other requests go on."""
    polls = [await Connection.open("127.0.0.1", port) for _ in range(POLLS)]
    other = await Connection.open("127.0.0.1", port)
    late: list[float] = []

    async def poll(connection: Connection) -> None:
        for _ in range(2):
            reply = await connection.ask(_request(port, "/poll"))
            late.append(1000 * (_CLOCK.now() - json.loads(reply.body)["at"]))

    async def meanwhile() -> None:
        for _ in range(round(2 * HELD / PACE)):
            await other.ask(_request(port, "/api/v2/me"))
            await _later(PACE)

    await asyncio.gather(meanwhile(), *map(poll, polls))
    for connection in (*polls, other):
        connection.close()
    return late


async def _later(seconds: float) -> None:
    done = asyncio.get_running_loop().create_future()
    _CLOCK.call_at(_CLOCK.now() + seconds, lambda: done.done() or done.set_result(None))
    await done


def _request(port: int, path: str) -> bytes:
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: Mozilla/5.0 (bench)",
        "Accept: */*",
        "Authorization: Basic bWFyYXQ6c2VjcmV0UGFzc3cwcmQ=",
        "Cookie: JSESSIONID=node01abcdefghij1234567; BAYEUX_BROWSER=1234abcd5678efgh",
        "X-CSRF-TOKEN: 0f1e2d3c-4b5a-6978",
        "Content-Type: application/json;charset=UTF-8",
        f"Content-Length: {len(_BODY)}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + _BODY


def _share(measured: dict[str, list[Round]], other: str = PLAIN, name: str = OURS) -> float:
    """A rate as a share of another's: the median over the rounds."""
    pairs = zip(measured[name], measured[other], strict=True)
    return statistics.median(one.rate / another.rate for one, another in pairs)


def _cost(measured: dict[str, list[Round]], name: str) -> float:
    """Processor time of the proxy itself for a request, as a share of plain mitmdump's."""
    pairs = zip(measured[name], measured[PLAIN], strict=True)
    return statistics.median(one.cost / plain.cost for one, plain in pairs)


def _late(measured: dict[str, list[Round]], name: str) -> list[float]:
    return [each for one in measured[name] for each in one.late]


def _median_late(measured: dict[str, list[Round]], name: str) -> float:
    return statistics.median(_late(measured, name))


def _table(measured: dict[str, list[Round]]) -> Table:
    table = Table()
    for heading in ("", "requests/s", "of mitmdump", "its CPU ms/request", "poll late ms: p50", "p90"):
        table.add_column(heading, justify="right")
    for name, rounds in measured.items():
        rate = statistics.median(one.rate for one in rounds)
        share = _share(measured, PLAIN, name)
        cost = statistics.median(one.cost for one in rounds)
        late = sorted(_late(measured, name))
        p90 = late[9 * len(late) // 10]
        table.add_row(
            name,
            f"{rate:,.0f}",
            f"{share:.2f}",
            f"{cost:.2f}",
            f"{statistics.median(late):.2f}",
            f"{p90:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
