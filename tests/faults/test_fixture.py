"""A failure seen at random becomes a fixture: it fails the same way, with no chance in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from replay.cli.pin import pin
from replay.drive.outcome import Outcome
from replay.drive.playing import play
from replay.entries import Head, read
from replay.plan.timeline import plan
from replay.scenario.load import load
from replay.server.journal_file import JournalFile
from replay.server.runner import Server
from replay.simulator.options import Options
from replay.verify.journals import compare

STORY = """
version: 1
name: story
cometd: {path: /cometd}
faults:
  - {name: lossy, fault: drop, where: {channel: /chats}, chance: 15%}
  - {name: late, fault: delay, where: {channel: /chats}, chance: 50%, settings: {by: "uniform(1ms, 20ms)"}}
steps:
  - {id: invited, push: /chats, after: start + 1ms, data: {state: Invited}}
  - {id: accept, request: POST /accept, needs: [invited], respond: {after: 1ms}}
  - {id: chatting, push: /chats, after: accept + 5ms, data: {state: Chatting}}
  - {id: send, request: POST /send, needs: [chatting], respond: {after: 1ms}}
  - {id: echo, push: /chats, after: send + 5ms, data: {state: Echo}}
  - {id: leave, request: POST /leave, needs: [echo], respond: {after: 1ms}}
"""


async def run(scenario: Path, journal: Path, seed: int) -> Outcome:
    """One agent plays the story, which cannot go on without its events; what it saw."""
    played = load(scenario)
    head = Head(replay="0", scenarios=[played.name], seed=seed, speed=1.0)
    with JournalFile(journal, head) as file:
        async with Server([played], options=Options(seed=seed)) as server:
            server.stage.simulator.journal.tell(file.take)
            return await play(plan(played), server.url, user="ann", patience=0.5)


@pytest.mark.live
def test_a_random_failure_becomes_a_scenario_that_fails_the_same_way_without_chance(tmp_path: Path) -> None:
    story, pinned = tmp_path / "story.yaml", tmp_path / "pinned.yaml"
    story.write_text(STORY)
    seen, again, fine = (tmp_path / f"{name}.jsonl" for name in ("seen", "again", "fine"))

    failed = asyncio.run(run(story, seen, seed=19))
    assert failed.missing == ("echo", "leave")
    assert asyncio.run(run(story, fine, seed=25)).missing == ()

    assert CliRunner().invoke(pin, [str(seen), str(story), "--to", str(pinned)]).exit_code == 0
    assert "chance:" not in pinned.read_text()
    # Whatever the seed: nothing is drawn any more.
    repeated = asyncio.run(run(pinned, again, seed=25))

    assert (repeated.missing, repeated.why) == (failed.missing, failed.why)
    assert [each.step for each in repeated.seen] == [each.step for each in failed.seen]
    one, other = (read(path.read_bytes(), path.name) for path in (seen, again))
    assert compare(one, other).same
    assert [struck(entry.detail) for entry in one.entries if entry.kind == "fault"] == [
        struck(entry.detail) for entry in other.entries if entry.kind == "fault"
    ]


def struck(detail: dict[str, object]) -> dict[str, object]:
    """What happened, but for the rule's name, and what was drawn."""
    return {name: value for name, value in detail.items() if name not in {"rule", "draw", "late"}}
