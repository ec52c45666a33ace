"""One fault, one real client, and what that observes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from replay.scenario.fault_files import faults_from
from replay.scenario.load import loads
from replay.scenario.model import Scenario
from replay.server.runner import Server
from replay.simulator.options import Options
from tests.faults.observed.clients import Client
from tests.faults.observed.words import Seen, strands

STORY = """
version: 1
name: short-chat
profile: genesys
cometd: {path: /api/v2/notifications, timeout: 2s, max_interval: 10s, extensions: [ack]}
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
session:
  - {id: me, request: GET /api/v2/me, repeat: last, respond: {after: 5ms, body: {statusCode: 0, user: ann}}}
  - {id: log-in, request: POST /api/v2/me, repeat: last, respond: {after: 5ms, body: {statusCode: 0}}}
steps:
  - id: invited
    push: /v2/me/chats
    after: start + 100ms
    data: {notificationType: StatusChange, chat: {id: "${chat}", state: Invited}}
  - id: accept
    request: POST /api/v2/me/chats/${chat}
    repeat: last
    body: {operationName: Accept}
    respond: {after: 20ms, body: {statusCode: 0}}
  - id: chatting
    push: /v2/me/chats
    after: accept + 200ms
    data: {notificationType: StatusChange, chat: {id: "${chat}", state: Chatting}}
  - id: participants
    push: /v2/me/chats
    after: accept + 350ms
    data: {notificationType: ParticipantsUpdated, chat: {id: "${chat}", state: Chatting}}
  - id: history
    push: /v2/me/chats
    after: accept + 500ms
    data: {notificationType: NewMessages, messages: []}
"""
"""An agent is offered a chat, accepts it and gets its history: within a second."""

LATER = STORY.replace("start + 100ms", "start + 1s")
"""The invitation comes when the first poll has long been waiting."""

PATIENT = STORY.replace("timeout: 2s", "timeout: 400ms").replace("start + 100ms", "start + 2s")
"""The invitation comes after polls that brought nothing."""


class Observation(NamedTuple):
    """What came of a case."""

    said: str
    struck: frozenset[str]
    """The faults that struck, by the server's own account."""


class Case(NamedTuple):
    """One fault before one client."""

    fault: str
    rule: str
    """What its rule says beside its name and its fault, as YAML."""
    client: Client
    expected: str
    """What the client observes, in the words that `tell` finds for it."""
    tell: Callable[[list[Seen]], str] = strands
    story: str = STORY
    sample: bool = False
    """Whether `make test` runs it."""

    def __str__(self) -> str:
        return f"{self.fault} {self.rule} {self.client.name}"

    def served(self) -> Scenario:
        """The story with its fault."""
        return loads(f"{self.story}\nfaults: [{{name: bad, fault: {self.fault}, {self.rule}}}]\n")

    async def observe(self) -> Observation:
        """Plays it to its client."""
        return await _observe([self.served()], Options(), self)


class PresetCase(NamedTuple):
    """One preset before one client."""

    preset: str
    client: Client
    expected: str
    tell: Callable[[list[Seen]], str]
    story: str = STORY
    sample: bool = False

    def __str__(self) -> str:
        return f"{self.preset} {self.client.name}"

    async def observe(self) -> Observation:
        """Plays the story to its client, with the preset."""
        served = loads(self.story)
        faults = faults_from({"presets": [self.preset]}, [served])
        return await _observe([served], Options(faults=tuple(faults)), self)


async def _observe(served: list[Scenario], options: Options, case: Case | PresetCase) -> Observation:
    async with Server(served, options=options) as server, asyncio.timeout(60):
        seen = await case.client.run(server.url)
        journal = server.stage.simulator.journal
    struck = frozenset(str(entry.detail["rule"]) for entry in journal if entry.kind == "fault")
    try:
        said = case.tell(seen)
    except (LookupError, StopIteration):
        # What it is told by has not happened at all.
        said = f"only this: {strands(seen)}"
    return Observation(said, struck)
