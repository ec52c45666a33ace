"""What was recorded, told, played and recorded again is told the same again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay.scenario.model import RequestStep, Scenario

from .fixpoint import CELLS, LINES, LONG, compared, told_twice
from .software import agent

pytestmark = pytest.mark.live

PATIENT = 0.5
"""Seconds that delays may be apart here: a machine that runs tests may stall. `make prove` measures them."""
SAMPLE, *REST = CELLS
ACCEPT = [SAMPLE, *(pytest.param(*cell, marks=pytest.mark.full) for cell in REST)]


def differences(one: list[Scenario], other: list[Scenario]) -> list[Any]:
    """What differs between stories in the same order."""
    assert [len(story.steps) for story in one] == [len(story.steps) for story in other]
    pairs = zip(one, other, strict=True)
    return [each for pair in pairs for each in compared(*pair, seconds=PATIENT).differences]


@pytest.mark.parametrize(("server", "cometd", "transport"), ACCEPT)
def test_an_accepted_chat(server: str, cometd: str, transport: str, tmp_path: Path) -> None:
    first, second = told_twice(
        tmp_path, server, lambda url: agent(url, cometd=cometd, transport=transport, flags=("--ready",))
    )

    assert [step.id for step in first[0].steps][:3] == ["invited", "accept", "chatting"]
    assert differences(first, second) == []


@pytest.mark.full
@pytest.mark.parametrize(("server", "cometd", "transport"), CELLS)
def test_a_long_story(server: str, cometd: str, transport: str, tmp_path: Path) -> None:
    """Login, ready, invited, accept, ten lines both ways, typing, transfer, complete."""
    first, second = told_twice(
        tmp_path, server, lambda url: agent(url, cometd=cometd, transport=transport, flags=LONG)
    )

    assert len(first) == 1
    asked = [step.id for step in first[0].steps if isinstance(step, RequestStep)]
    assert len(asked) == 1 + 1 + LINES + 1 + 1 + 1
    assert asked[-2:] == ["transfer", "complete"]
    assert len(first[0].session) + len(first[0].steps) >= 40
    assert differences(first, second) == []


@pytest.mark.full
def test_two_interleaved_chats(tmp_path: Path) -> None:
    flags = ("--ready", "--talk", "3", "--expect", str(2 * (8 + 3 * 3)))
    first, second = told_twice(tmp_path, "cometd", lambda url: agent(url, flags=flags), "--chats", "2")

    assert len(first) == 2
    assert differences(first, second) == []
