"""What `replay serve` exports of a real client tells `distil` the scenario that was served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from replay.cli.distil import distil
from replay.scenario.load import load
from replay.scenario.model import Scenario

from .fixpoint import CELLS, compared
from .software import ROOT, agent, finish, replayer, start_agent

pytestmark = pytest.mark.live

ACCEPT = ROOT / "scenarios" / "accept-chat.yaml"
PATIENT = 0.5
"""Seconds that delays may be apart: a machine that runs tests may stall."""
WHOLE = ("--login", "--ready", "--get-me")
"""All that the scenario answers."""
LIFTED = [f"answer.body.user.{name}" for name in ("id", "uri", "path")]
UNKNOWABLE = {
    ("variable", "user"),
    *(("answer", field) for field in LIFTED),
    ("trigger", "after"),
    # The client says which channels it logs in to; the scenario does not ask.
    ("request", "body.channels"),
}
"""What one recording cannot tell: that an id never changes, that no event waits for the agent to be ready."""


def told(folder: Path, served: Path, client: Callable[[str], Any]) -> list[Path]:
    """What `distil` makes of the HAR of a server and a client."""
    folder.mkdir(exist_ok=True)
    har, to = folder / "run.har", folder / "told"
    with replayer(served, "--har", str(har)) as url:
        client(url)
    done = CliRunner().invoke(distil, [str(har), "--to", f"{to}/"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return sorted(to.iterdir())


def differences(one: Scenario, other: Scenario) -> set[tuple[str, str]]:
    found = compared(one, other, seconds=PATIENT).differences
    return {(each.kind, each.field) for each in found if each.kind != "renamed"}


@pytest.mark.parametrize("transport", [(cometd, transport) for _, cometd, transport in CELLS])
def test_the_scenario_comes_back_by_every_transport(transport: tuple[str, str], tmp_path: Path) -> None:
    cometd, name = transport
    (file,) = told(tmp_path, ACCEPT, lambda url: agent(url, cometd=cometd, transport=name, flags=WHOLE))
    one, other = load(ACCEPT), load(file)

    assert len(other.steps) == len(one.steps)
    assert len(other.session) == len(one.session)
    assert differences(one, other) <= UNKNOWABLE


@pytest.mark.full
@pytest.mark.parametrize("transport", [(cometd, transport) for _, cometd, transport in CELLS])
def test_what_came_back_comes_back_the_same(transport: tuple[str, str], tmp_path: Path) -> None:
    def client(url: str) -> object:
        return agent(url, cometd=transport[0], transport=transport[1], flags=WHOLE)

    (first,) = told(tmp_path, ACCEPT, client)
    (second,) = told(tmp_path / "again", first, client)

    assert compared(load(first), load(second), seconds=PATIENT).differences == ()


@pytest.mark.full
def test_two_agents_at_once_are_two_stories(tmp_path: Path) -> None:
    def clients(url: str) -> None:
        for desk in [start_agent(url, flags=(*WHOLE, "--user", user)) for user in ("ann", "bob")]:
            finish(desk)

    one, other = map(load, told(tmp_path, ACCEPT, clients))

    assert one.variables["chat"].recorded != other.variables["chat"].recorded
    assert compared(one, other, seconds=PATIENT).differences == ()
