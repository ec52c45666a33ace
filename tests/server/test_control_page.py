"""What docs/control.md shows is what happens."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import replay
from replay.clock import ManualClock
from replay.registry import RESOURCES, resolve
from replay.server.runner import Server

from .conftest import Loop, one_loop
from .running import run

loop = one_loop

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def shown() -> list[tuple[list[str], str]]:
    """Every command in the page, with the output that stands below it."""
    found: list[tuple[list[str], str]] = []
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            found.append((shlex.split(line)[2:], ""))
        else:
            found[-1] = found[-1][0], found[-1][1] + line
    return found


async def curl(http: aiohttp.ClientSession, base: str, words: list[str]) -> tuple[int, str]:
    """Does what curl would."""
    method, url, said, headers = "GET", "", None, {}
    while words:
        match words:
            case ["-X", method, *words]:
                pass
            case ["--json", text, *words]:
                said, method = json.loads(text), "POST" if method == "GET" else method
            case ["-H", line, *words]:
                name, _, value = line.partition(": ")
                headers[name] = value
            case [url, *words]:
                pass
    asked: dict[str, Any] = {} if said is None else {"json": said}
    target = url.replace("localhost:8090", base)
    async with http.request(method, target, headers=headers, **asked) as response:
        return response.status, await response.text()


async def marat(http: aiohttp.ClientSession, server: Server, subscribed: asyncio.Event) -> None:
    """A desktop that comes, and polls until it is ended."""

    async def says(verb: str, **fields: Any) -> Any:
        message = {"channel": f"/meta/{verb}", **fields}
        signed = {"Authorization": aiohttp.encode_basic_auth("marat", "secret")}
        async with http.post(server.cometd_url, json=[message], headers=signed) as response:
            return (await response.json())[-1]

    known = {"clientId": (await says("handshake", version="1.0"))["clientId"]}
    await says("subscribe", subscription="/v2/me/chats", **known)
    await says("connect", connectionType="long-polling", **known)
    subscribed.set()
    while True:
        await says("connect", connectionType="long-polling", **known)


def test_each_call_in_the_page_does_what_it_says(loop: Loop) -> None:
    async def main() -> None:
        async with (
            Server([replay.load(SCENARIO)], clock=ManualClock()) as server,
            aiohttp.ClientSession() as http,
            asyncio.TaskGroup() as group,
        ):
            subscribed = asyncio.Event()
            desktop = group.create_task(marat(http, server, subscribed))
            await subscribed.wait()
            for words, output in shown():
                status, said = await curl(http, server.url, words)
                pattern = re.escape(output).replace("…", ".*")
                assert re.fullmatch(pattern if output else ".*", said.strip(), re.DOTALL), said
                assert (status >= 400) == ("error" in said or status == 503)
            desktop.cancel()

    run(main(), loop)


def test_the_program_in_the_page_that_serves_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(ROOT)
    _, program = blocks("python")
    exec(compile(program, "docs/control.md", "exec"), {"__name__": "page"})
    assert "the desktop dials http://127.0.0.1:" in capsys.readouterr().out


def test_the_program_in_the_page_that_calls_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program, _ = blocks("python")

    async def main() -> None:
        async with replay.serve(SCENARIO, clock="manual") as simulator:
            here = program.replace("http://127.0.0.1:8090", simulator.url)
            await asyncio.to_thread(exec, compile(here, "docs/control.md", "exec"), {"__name__": "page"})

    asyncio.run(main())
    assert capsys.readouterr().out == "it plays accept-chat\nhang struck 0 times\n0.0 hang on\n"


@pytest.mark.parametrize("name", RESOURCES)
def test_every_call_stands_in_the_page(name: str) -> None:
    for route in resolve(RESOURCES, name):
        path = re.escape(route.path).replace(re.escape("{name}"), "[A-Z]+")
        assert re.search(rf"`{route.method} {path}[`?]", PAGE), f"{route.method} {route.path}"
