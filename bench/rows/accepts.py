"""Accepts per second: one scenario beside the least aiohttp can do, a thousand beside those who have stubs.

The servers live side by side on one core and are asked in turn: what disturbs the machine disturbs all.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec
import uvloop

from bench.asking import Asked, flood
from bench.connection import BrokenError, Connection
from bench.goals import Goal, Row
from bench.run import Run
from bench.servers import OURS, RIVALS, Listening, node, ours, pinned, python, started

MANY = 1_000
AGENTS = 16
"""That ask, each by several of the connections."""
ONE = f"{OURS} with 1"
OTHERS = LEAST, WIREMOCK, MOUNTEBANK = "minimal aiohttp", "WireMock", "mountebank"
WARM = {WIREMOCK: 30.0}
"""Seconds until it is measured: it becomes faster for long."""
ROUNDS, SECONDS = 3, 2
"""Rounds for each run, and how long a server is asked in one."""

ACCEPT = Goal("accept", "Accepts, one scenario; Hoverfly+ is 2.7 ×", "/s", "× at least", 1.5, 2.7)
SCENARIOS = Goal("scenarios", f"Accepts, {MANY:,} scenarios loaded", "/s", "× at least", 0.95, 1)
STUBS = {
    WIREMOCK: Goal("stubs", f"Accepts, {MANY:,} scenarios or stubs", "/s", "× at least", 3, 6),
    MOUNTEBANK: Goal("stubs", f"Accepts, {MANY:,} scenarios or stubs", "/s", "× at least", 10, 40),
}
NAMES: tuple[str, ...] = (ACCEPT.name, SCENARIOS.name, "stubs")
"""Of the rows."""

Measured = dict[str, list[Asked | None]]
"""By server, for each round; none where it broke."""

SCENARIO = """\
version: 1
name: accept-{number:04}
profile: genesys
steps:
  - id: accept
    request: POST /api/v2/me/chats/{chat}
    body: {{operationName: Accept}}
    repeat: cycle
    respond: {{body: {{statusCode: 0}}}}
"""


def rows(run: Run) -> list[Row]:
    """The rows that are wanted."""
    with tempfile.TemporaryDirectory(prefix="replay-bench-") as folder, ExitStack() as running:
        commands = _commands(run, Path(folder))
        servers: dict[str, Listening] = {}
        for name, command in commands.items():
            run.tell(f"Accepts: starting {name} …")
            servers[name] = running.enter_context(started(command, run.server_core))[0]
        measured = _measured(run, servers)
    found = []
    if run.wants(ACCEPT.name):
        found.append(_row(ACCEPT, measured, ONE, LEAST))
    if run.wants(SCENARIOS.name):
        found.append(_row(SCENARIOS, measured, OURS, ONE))
    if run.wants("stubs"):
        found += [_row(goal, measured, OURS, rival) for rival, goal in STUBS.items()]
    return [row for row in found if row is not None]


def chat_of(number: int) -> str:
    """The chat of a scenario, or of a stub (`rivals/stubs.js`)."""
    return f"0000S{number:04}EF002X"


def _commands(run: Run, folder: Path) -> dict[str, list[str]]:
    files = []
    for number in range(1, MANY + 1):
        path = folder / f"accept-{number:04}.yaml"
        path.write_text(SCENARIO.format(number=number, chat=chat_of(number)), encoding="utf-8")
        files.append(path)
    all_of_them = {
        ONE: (ours(files[0]), (ACCEPT.name, SCENARIOS.name)),
        LEAST: (python(RIVALS / "accept.py"), (ACCEPT.name,)),
        OURS: (ours(*files), (SCENARIOS.name, "stubs")),
        WIREMOCK: (node(RIVALS / "wiremock.js", str(MANY)), ("stubs",)),
        MOUNTEBANK: (node(RIVALS / "mountebank.js", str(MANY)), ("stubs",)),
    }
    wanted = {name: command for name, (command, needed) in all_of_them.items() if run.wants(*needed)}
    wanted = {name: wanted[name] for name in run.among(*wanted)}
    if WIREMOCK in wanted and shutil.which("java") is None:
        run.note("WireMock needs Java, and there is none on PATH: left out")
        del wanted[WIREMOCK]
    if WIREMOCK in wanted and run.quick:
        run.note("WireMock is cold in a quick run; it becomes faster for half a minute")
    return wanted


def _measured(run: Run, servers: dict[str, Listening]) -> Measured:
    """What each server did in each round."""
    measured: Measured = {name: [] for name in servers}
    requests: dict[str, list[bytes]] = {}
    with pinned(run.load_core):
        for name, server in servers.items():
            run.tell(f"Accepts: warming {name} …")
            try:
                requests[name] = uvloop.run(_requests(server, 1 if name in {ONE, LEAST} else MANY))
                flood(server, requests[name], 1 if run.quick else WARM.get(name, SECONDS))
            except (BrokenError, TimeoutError, OSError) as error:
                run.broke(name, error)
        rounds = 2 if run.quick else ROUNDS * run.runs
        for number in range(rounds):
            run.tell(f"Accepts: round {number + 1} of {rounds} …")
            # Each comes after each of the others equally often.
            for name in list(servers) if number % 2 else reversed(servers):
                measured[name].append(_asked(run, name, servers[name], requests.get(name)))
    return measured


def _asked(run: Run, name: str, server: Listening, requests: list[bytes] | None) -> Asked | None:
    if requests is None:
        return None
    try:
        asked = flood(server, requests, 1 if run.quick else SECONDS)
    except (BrokenError, TimeoutError, OSError) as error:
        run.broke(name, error)
        return None
    if asked.wrong:
        run.broke(name, BrokenError(asked.wrong))
    run.note(f"Accepts, {name}: {asked.note}" if asked.note else "")
    return asked


async def _requests(server: Listening, chats: int) -> list[bytes]:
    """As agents with a session ask: each names itself, and brings the cookie that it was given."""
    connection = await Connection.open(server.host, server.port)
    heads = []
    for number in range(1, AGENTS + 1):
        user = base64.b64encode(f"agent{number}:secret".encode()).decode()
        head = f"Authorization: Basic {user}\r\n"
        reply = await connection.ask(_request(server, 1, head))
        # Those who give none get one as long, so that all read as much.
        cookies = reply.cookies or [f"JSESSIONID={number:032}"]
        heads.append(head + f"Cookie: {'; '.join(cookies)}\r\n")
    connection.close()
    return [
        _request(server, number % chats + 1, heads[number % AGENTS]) for number in range(max(chats, AGENTS))
    ]


def _request(server: Listening, chat: int, more: str) -> bytes:
    body = msgspec.json.encode({"operationName": "Accept", "nickname": "Marat"})
    head = (
        f"POST /api/v2/me/chats/{chat_of(chat)} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


def _row(goal: Goal, measured: Measured, own: str, rival: str) -> Row | None:
    if own not in measured:
        return None
    rates = {name: [asked and asked.rate for asked in each] for name, each in measured.items()}
    costs = {name: [asked and asked.cost for asked in each] for name, each in measured.items()}
    rivals, their = ({rival: known[rival]} if rival in known else {} for known in (rates, costs))
    return Row(goal, rates[own], rivals, costs[own], their)
