"""A server before an upstream that it forwards to, and a client of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from replay.capture.preflight import parse_upstream
from replay.scenario.load import load
from replay.scenario.model import RequestStep
from replay.server.forwarding import Forwarder
from replay.server.learning import Learner
from replay.server.runner import Server
from replay.simulator.options import Options
from tests.drive.servers import Handler, serving
from tests.server.running import run

STORY = """
version: 1
name: story
source: {recorded: "2014-01-02T00:00:00Z"}
shift_times: [at]
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: invited, push: /a, data: "${chat}"}
  - {id: chats, request: GET /api/v2/chats, respond: {body: ["${chat}"]}}
"""


class Before:
    """A server before an upstream, and a client of it."""

    def __init__(self, upstream: str, folder: Path, text: str = STORY, **options: Any) -> None:
        self.said: list[str] = []
        self.file = folder / "story.yaml"
        self.file.write_text(text)
        self.server = Server([load(self.file)], options=Options(forward=True, **options))
        self._learner = Learner(self.server, {0: self.file}, self.said.append)
        self._forwarder = Forwarder(self.server, parse_upstream(upstream), self._learner.take)

    async def __aenter__(self) -> Before:
        await self.server.__aenter__()
        await self._learner.__aenter__()
        await self._forwarder.__aenter__()
        jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(self.server.url, cookie_jar=jar)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self._forwarder.__aexit__(None, None, None)
        await self._learner.__aexit__(None, None, None)
        await self.server.__aexit__(None, None, None)

    async def ask(self, method: str, target: str, **said: Any) -> tuple[int, Any]:
        """Status and JSON of an answer; redirects are not followed."""
        async with self.http.request(method, target, allow_redirects=False, **said) as response:
            self.headers = response.headers
            body = await response.read()
        try:
            return response.status, json.loads(body)
        except ValueError:
            return response.status, body

    @property
    def new(self) -> Path:
        return self.file.with_name("story.new.yaml")

    @property
    def steps(self) -> dict[str, RequestStep]:
        """The new steps, as they were written."""
        known = {step.id for step in load(self.file).steps}
        found = load(self.new).steps
        return {step.id: step for step in found if isinstance(step, RequestStep) and step.id not in known}


def forwarded(handler: Handler, test: Callable[[Before], Any], folder: Path) -> Before:
    """Runs a conversation with a server before this handler; returns the server, closed."""
    made: list[Before] = []

    async def main() -> None:
        async with serving(handler) as upstream, Before(upstream, folder) as before:
            made.append(before)
            await test(before)

    run(main(), asyncio.new_event_loop)
    return made[0]
