"""Live agents, while the file of what they play is edited again and again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import uvloop

from replay.drive.outcome import Outcome
from replay.drive.playing import play
from replay.plan.timeline import plan
from replay.scenario.load import load, loads
from tests.server.conftest import Loop
from tests.server.running import run
from tests.server.watched import BROKEN, Watched, write

EVENTS = """
version: 1
name: story
session:
  - {{id: ready, request: POST /ready, respond: {{body: {{}}}}}}
steps:
{steps}
  - {{id: last, push: /a, after: start and ready + {end}ms, data: {{number: last, word: {word}}}}}
"""
READY = "start and ready"


def crowded(word: str, events: int, apart: int = 1) -> str:
    """So many events, so many milliseconds apart."""
    steps = [
        f"  - {{id: e{n}, push: /a, after: {READY} + {n * apart}ms, data: {{number: {n}, word: {word}}}}}"
        for n in range(events)
    ]
    return EVENTS.format(steps="\n".join(steps), end=events * apart, word=word)


@pytest.mark.parametrize(
    ("agents", "edits", "events", "apart", "loop"),
    [
        (10, 4, 50, 100, uvloop.new_event_loop),
        pytest.param(100, 20, 40, 500, uvloop.new_event_loop, marks=pytest.mark.full),
        pytest.param(100, 20, 40, 500, asyncio.new_event_loop, marks=pytest.mark.full),
    ],
)
def test_no_agent_loses_an_event_while_the_file_is_edited(
    agents: int, edits: int, events: int, apart: int, tmp_path: Path, loop: Loop
) -> None:
    """Every fourth edit is broken. All the time each agent gets events."""
    file = tmp_path / "story.yaml"
    write(file, crowded("v0", events, apart))

    async def main() -> None:
        first = plan(load(file))
        async with Watched(file) as watched:
            url = watched.server.url
            carriers = [("long-polling", "websocket")[number % 2] for number in range(agents)]
            crowd = [
                asyncio.create_task(play(first, url, transport=carrier, user=f"agent-{number}"))
                for number, carrier in enumerate(carriers)
            ]
            await watched.plays(agents)
            played, late = "v0", []
            for edit in range(1, edits + 1):
                is_broken = edit % 4 == 0
                write(file, BROKEN if is_broken else crowded(f"v{edit}", 1))
                news = await watched.news()
                assert ("refused" in news[-1]) == is_broken
                played = played if is_broken else f"v{edit}"
                now = plan(loads(crowded(played, 1))) if played != "v0" else first
                late.append((played, asyncio.create_task(play(now, url, user=f"late-{edit}"))))
                await watched.plays(agents + edit)
            assert not any(task.done() for task in crowd), "the agents were done before the edits"
            for outcome in await asyncio.gather(*crowd):
                assert heard(outcome) == [("v0", n) for n in [*range(events), "last"]]
            for word, task in late:
                assert heard(await task) == [(word, 0), (word, "last")]

    run(main(), loop, seconds=60)


def heard(outcome: Outcome) -> list[tuple[str, Any]]:
    """The events that an agent got, in order."""
    assert (outcome.missing, outcome.why) == ((), "")
    return [(seen.value["word"], seen.value["number"]) for seen in outcome.seen if seen.kind == "event"]
