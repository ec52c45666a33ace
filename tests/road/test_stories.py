"""Agents and chats at once, before real servers: the stories are those that each chat alone tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.scenario.model import Scenario

from .fixpoint import CELLS, compared, told
from .software import backend, finish, recorder, start_agent

pytestmark = pytest.mark.live

PATIENT = 1.0
"""Seconds that delays may be apart: chats that are offered later, on a machine that may stall."""
TALK = ("--ready", "--get-me", "--talk", "1")
EVENTS = 8 + 3
"""Of one chat in which the agent says one line."""

SAMPLE, *REST = CELLS


def recorded(
    folder: Path, server: str, cometd: str, transport: str, *, users: tuple[str, ...], chats: int
) -> list[Scenario]:
    """The stories of agents who work at the same time through one recorder, with so many chats each."""
    recording = folder / f"{len(users)}-{chats}.mitm"
    expected = ("--expect", str(chats * EVENTS))
    with backend(server, "--chats", str(chats)) as upstream, recorder(upstream, recording, None) as proxy:
        desks = [
            start_agent(proxy, cometd=cometd, transport=transport, flags=(*TALK, *expected, "--user", user))
            for user in users
        ]
        for desk in desks:
            finish(desk)
    return told(recording)


@pytest.mark.parametrize(
    ("server", "cometd", "transport"),
    [SAMPLE, *(pytest.param(*cell, marks=pytest.mark.full) for cell in REST)],
)
def test_two_agents_with_two_chats_each_are_four_stories(
    server: str, cometd: str, transport: str, tmp_path: Path
) -> None:
    [alone] = recorded(tmp_path, server, cometd, transport, users=("ann",), chats=1)
    at_once = recorded(tmp_path, server, cometd, transport, users=("ann", "bob"), chats=2)

    assert len(at_once) == 4
    assert len({each.variables["chat"].recorded for each in at_once}) == 4
    for each in at_once:
        assert [step.id for step in each.session] == [step.id for step in alone.session]
        # Bob is not called Ann; else they say the same.
        found = compared(alone, each, seconds=PATIENT).differences
        assert {one.field for one in found} <= {"answer.body.user.userName"}
