"""A real server under load: what it counts is what its journal has."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from replay.entries import Kept, read, scenario_of
from tests.road.software import Process

WINDOW = 200
AGENTS = 12
STORY = """
version: 1
name: story
cometd: {path: /cometd, max_interval: 1h}
steps:
  - {id: go, request: POST /go, repeat: last, respond: {after: 0s, body: gone}}
  - {id: came, push: /a, after: go, data: came}
  - {id: unheard, push: /b, after: go, data: unheard}
  - {id: look, request: GET /look, respond: {after: 0s, body: seen}}
  - {id: leave, request: GET /leave, respond: {after: 0s, body: left}}
  - {id: once, request: POST /once, respond: {after: 0s, body: done}}
"""
FAULTS = """
- {name: busy, fault: status, where: {step: look}, chance: 30%, settings: {status: 503}}
- {name: twice, fault: duplicate, where: {channel: /a}, every: 5}
- {name: broken, fault: reset, where: {step: leave}, nth: [1, 3]}
- {name: out, fault: login-expired, where: {step: leave}, nth: [2, 4]}
"""
ASKED = ("POST /go", "GET /look", "POST /once", "GET /leave", "GET /nowhere")


async def works(url: str, name: str, requests: int) -> None:
    """An agent who asks in turn for all there is, and for what is not there."""
    known = base64.b64encode(f"{name}:x".encode()).decode()
    session = aiohttp.ClientSession(headers={"Authorization": f"Basic {known}"}, base_url=url)
    async with session:

        async def bayeux(verb: str, **fields: Any) -> Any:
            async with session.post("/cometd", json=[{"channel": f"/meta/{verb}", **fields}]) as answer:
                return (await answer.json())[0]

        client = (await bayeux("handshake"))["clientId"]
        await bayeux("subscribe", clientId=client, subscription="/a")
        cookie = ""
        for number in range(requests):
            method, path = ASKED[number % len(ASKED)].split()
            try:
                async with session.request(method, path) as answer:
                    await answer.read()
                    given = answer.headers.get("Set-Cookie", "").partition(";")[0]
                if answer.status == 403:
                    # It has not noticed that its login has expired.
                    async with session.get("/look", headers={"Cookie": cookie}) as answer:
                        assert answer.status == 403
                cookie = given or cookie
            except aiohttp.ClientConnectionError:
                # A fault has cut it off.
                assert path == "/leave"


async def load(url: str, requests: int) -> str:
    """So many requests, then what is counted."""
    await asyncio.gather(*(works(url, f"a{number}", requests // AGENTS) for number in range(AGENTS)))
    async with aiohttp.ClientSession() as session, session.get(f"{url}/__replay/metrics") as answer:
        return await answer.text()


def counted(text: str, name: str, *labels: str) -> Counter[tuple[str, ...]]:
    """The series of a metric by these labels, those that count something."""
    return Counter(
        {
            tuple(sample.labels[label] for label in labels): int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"replay_{name}" and sample.value
        }
    )


def noted(kept: Kept, kind: str, *fields: str) -> Counter[tuple[str, ...]]:
    """How often a journal's file has entries of a kind, by these of their fields."""
    return Counter(
        tuple(
            scenario_of(entry) or "(none)"
            if field == "scenario"
            else entry.step or "(none)"
            if field == "step"
            else str(entry.detail[field])
            for field in fields
        )
        for entry in kept.entries
        if entry.kind == kind
    )


@pytest.mark.live
@pytest.mark.parametrize("requests", [300, pytest.param(10_000, marks=pytest.mark.full)])
def test_what_a_server_counts_is_what_its_journal_has(requests: int, tmp_path: Path) -> None:
    for name, text in (("story.yaml", STORY), ("faults.yaml", FAULTS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = tmp_path / "run.jsonl"
    process = Process(
        *(
            sys.executable,
            "-m",
            "replay",
            "serve",
            str(tmp_path / "story.yaml"),
            "--port",
            "0",
            "--print-url",
        ),
        *("--faults", str(tmp_path / "faults.yaml"), "--journal", str(path)),
        *("--journal-entries", str(WINDOW), "--log-level", "error"),
    )
    text = asyncio.run(load(process.word("http://"), requests))
    assert process.stop() == 0

    kept = read(path.read_bytes(), "run.jsonl")
    answers = noted(kept, "answer", "scenario", "step", "status")
    assert {key[1:] for key in answers} >= {("go", "200"), ("look", "503"), ("once", "200"), ("leave", "200")}
    assert ("(none)", "(none)", "403") in answers
    assert counted(text, "requests_total", "scenario", "step", "status") == answers
    assert counted(text, "events_total", "channel") == noted(kept, "event", "channel")
    assert counted(text, "misses_total") == noted(kept, "miss")
    struck = noted(kept, "fault", "rule")
    assert len(struck) == 4
    assert counted(text, "faults_struck_total", "rule") == struck
    kinds = Counter((entry.kind,) for entry in kept.entries)
    assert {"retry", "held"} <= {kind for (kind,) in kinds}
    assert counted(text, "journal_entries_total", "kind") == kinds
    assert counted(text, "journal_dropped_total")[()] == len(kept.entries) - WINDOW
    assert counted(text, "agents")[()] == counted(text, "plays")[()] == AGENTS
    assert counted(text, "held_events") == noted(kept, "held")
