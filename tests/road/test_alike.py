"""One story recorded by different clients is told alike."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from replay.cli.personal import redacted_fields
from replay.distil.merging import merged

from .fixpoint import LONG, compared, told_by
from .software import ROOT, backend, replayer

pytestmark = [pytest.mark.live, pytest.mark.full]

PATIENT = 0.5
"""Seconds that delays may be apart: polls cost a round trip more, and a machine that runs tests may stall."""
CLIENTS = [("3.1", "long-polling"), ("9", "websocket"), ("3.1", "callback-polling")]


@pytest.mark.parametrize(
    ("server", "flags"),
    [("faye", ("--ready",)), ("faye", LONG), ("replay", ("--login", "--ready", "--get-me"))],
)
def test_clients_of_other_libraries_and_transports(
    server: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    """Only transports differ, which `source` names, and delays by a few milliseconds."""
    running: AbstractContextManager[str] = (
        replayer(ROOT / "scenarios" / "accept-chat.yaml") if server == "replay" else backend(server)
    )
    with running as upstream:
        stories = [told_by(tmp_path, upstream, *client, flags) for client in CLIENTS]

    assert [story.source.transports for story in stories] == [[transport] for _, transport in CLIENTS]
    for other in stories[1:]:
        assert compared(stories[0], other, seconds=PATIENT).differences == ()
    common = merged(stories, personal=redacted_fields())
    assert (common.notes, common.scenario.ignore) == ((), [])
    for other in stories:
        assert [step.id for step in common.scenario.steps] == [step.id for step in other.steps]
        assert list(common.scenario.variables) == list(other.variables)
