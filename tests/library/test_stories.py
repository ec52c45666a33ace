"""Each scenario of the library says what it shows, and is played to its end by a client."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

import replay
from replay.cli.verify import verify
from replay.library import library, name_of
from replay.scenario.dump import dumps
from replay.scenario.load import load, loads

LIBRARY = {name_of(path): path for path in library()}
TELLING = 200
"""Characters that a line has for what a scenario shows."""

pytestmark = pytest.mark.live


@pytest.mark.parametrize("name", LIBRARY)
def test_a_scenario_of_the_library_says_what_it_shows_and_who_knows_it(name: str) -> None:
    scenario = load(LIBRARY[name])
    assert scenario.name == name.replace("/", "-")
    assert scenario.about.endswith(".")
    assert len(scenario.about) <= TELLING
    assert [step.id for step in (*scenario.session, *scenario.steps) if step.evidence is None] == []


@pytest.mark.parametrize("name", LIBRARY)
def test_a_scenario_of_the_library_is_the_same_once_it_is_written_out(name: str) -> None:
    scenario = load(LIBRARY[name])
    assert loads(dumps(scenario)) == scenario


@pytest.mark.parametrize("name", LIBRARY)
def test_a_client_plays_its_part_of_a_scenario_and_sees_what_it_says(name: str) -> None:
    login = {"REPLAY_USER": "agent1", "REPLAY_PASSWORD": "secret"} if load(LIBRARY[name]).demands else {}

    async def run() -> None:
        async with replay.serve(LIBRARY[name], speed="max") as simulator:
            arguments = [str(LIBRARY[name]), "--target", simulator.url, "--patience", "5s"]
            result = await asyncio.to_thread(CliRunner().invoke, verify, arguments, env=login)
            assert result.exit_code == 0, result.output
            assert [entry for entry in simulator.journal if entry.kind == "miss"] == []

    asyncio.run(run())
