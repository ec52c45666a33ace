"""A server whose files are watched, and what is done to them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from replay.scenario.load import load
from replay.server.runner import Server
from replay.server.watching import Watching, _stands
from tests.server.running import until

STORY = "version: 1\nname: {name}\nsteps:\n  - {{id: say, request: GET /{name}, respond: {{body: {word}}}}}\n"
BROKEN = "version: 1\nname: story\nstesp: []\nsteps: []\n"


def story(word: str, name: str = "story") -> str:
    return STORY.format(name=name, word=word)


class Watched:
    """A server whose files are watched, what it has said of them, and a client of it."""

    def __init__(self, *files: Path) -> None:
        scenarios = [load(path) for path in files]
        named = {scenario.name: path for scenario, path in zip(scenarios, files, strict=True)}
        self.server = Server(scenarios, files=named)
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._watching = Watching(self.server, say=self._said.put_nowait)

    async def __aenter__(self) -> Watched:
        await self.server.__aenter__()
        await self._watching.__aenter__()
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self._watching.__aexit__(None, None, None)
        await self.server.__aexit__(None, None, None)

    async def news(self) -> list[str]:
        """The lines of what is said next."""
        async with asyncio.timeout(10):
            return (await self._said.get()).splitlines()

    async def settles(self) -> None:
        """Until a file that was written has been looked at."""
        file = self._watching._files[0]
        await until(lambda: _stands(file.marks))

    async def plays(self, number: int) -> None:
        """Until so many plays have begun."""
        stage, heard = self.server.stage, asyncio.Event()
        stage.heard = lambda _: heard.set()
        async with asyncio.timeout(30):
            while stage.simulator.journal.counts["play"] < number:
                heard.clear()
                await heard.wait()

    async def hears(self, user: str, name: str = "story") -> Any:
        """What a user gets who asks."""
        headers = {"Authorization": f"Bearer {user}"}
        async with self.http.get(f"{self.server.url}/{name}", headers=headers) as response:
            return await response.json()


def changed(file: Path, name: str = "story") -> list[str]:
    return [f"{file} has changed: new plays of '{name}' go by it"]


def write(file: Path, text: str) -> None:
    """As `>` in a shell: the same file with other bytes."""
    file.write_text(text)


def replace(file: Path, text: str) -> None:
    """As editors write: another file takes its name."""
    other = file.with_name(f".{file.name}.swp")
    other.write_text(text)
    other.replace(file)
