"""The example in examples/plain: a service that is not Genesys, recorded and played to its client."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from replay.capture.recording import open_recording
from replay.distil import only_story
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.verify.diff import diff
from replay.verify.timing import Tolerance
from tests.recipes.recipe import commands, copied
from tests.replicas.balancers import free_ports
from tests.road.software import Process, node, recorder, replayer

pytestmark = pytest.mark.live

SEEN = """\
POST /sobjects/Order: 201
created: Ten chairs, Draft
shipped by Western: ours
forgotten: 403::Unknown client
PATCH /sobjects/Order/ID: 204
updated: ours, Closed
GET /sobjects/Order/ID: 200
order: ours, Ten chairs, Closed
"""
GENESYS = re.compile(r"/api/v2|operationName|statusCode|referenceId|messageType|genesys|chat", re.IGNORECASE)
PATIENT = 0.5
"""Seconds that delays may be apart here: a machine that runs tests may stall."""


class Example(NamedTuple):
    """The example, run from the first to the last line of its README."""

    folder: Path
    before: str
    """What the client printed before the service itself."""
    after: str
    """What it printed before the scenario."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """A copy of the example after all that its README says was done, but on ports that are free."""
    node()
    folder = copied("plain", tmp_path_factory.mktemp("example"))
    ports = dict(zip(("8080", "8090", "8091"), map(str, free_ports(3)), strict=True))
    lines = [
        re.sub("|".join(ports), lambda at: ports[at[0]], each) for each in commands(folder / "README.md")
    ]
    install, serve, package, record, client, distil, replay, client_again = lines
    assert (install, package) == ("npm ci", "pip install 'gws-replay[record]'")

    # The recorder wants to see the service.
    service = begun(serve, folder)
    service.word("http://")
    recording = begun(record, folder)
    recording.word("http://")
    before = said(client, folder)
    assert recording.stop() == 0, recording.output
    assert service.stop(signal.SIGTERM) == 0, service.output
    said(distil, folder)
    simulator = begun(replay, folder)
    simulator.word("http://")
    after = said(client_again, folder)
    assert simulator.stop() == 0, simulator.output
    return Example(folder, before, after)


def begun(command: str, folder: Path) -> Process:
    """A command of the README, under way."""
    program, *arguments = shlex.split(command)
    ours = [sys.executable, "-m", "replay"] if program == "replay" else [program]
    return Process("env", f"--chdir={folder}", *ours, *arguments)


def said(command: str, folder: Path) -> str:
    """What a command printed that ended well."""
    process = begun(command, folder)
    assert process.wait() == 0, process.output
    return process.output


def told(recording: Path) -> Scenario:
    exchanges = open_recording(recording).exchanges
    return only_story(exchanges, name="orders", recording=recording.name, profile="plain").scenario


def test_the_client_sees_the_same_of_the_service_and_of_what_was_recorded(example: Example) -> None:
    assert (example.before, example.after) == (SEEN, SEEN)


def test_the_scenario_knows_the_service_by_itself_and_has_no_line_of_genesys(example: Example) -> None:
    scenario = load(example.folder / "orders.yaml")

    assert (scenario.profile, scenario.cometd.path) == ("plain", "/cometd/59.0")
    assert scenario.cometd.dialect == "salesforce"
    assert [(fault.fault, fault.where.meta) for fault in scenario.faults] == [("unknown-client", "connect")]
    assert {name: each.make for name, each in scenario.variables.items()} == {
        "order": "lookalike",
        "name": None,
    }
    assert GENESYS.findall((example.folder / "orders.yaml").read_text(encoding="utf-8")) == []


def test_recorded_once_more_it_is_the_same_story(example: Example) -> None:
    again = example.folder / "again.mitm"
    with replayer(example.folder / "orders.yaml") as server, recorder(server, again, None) as proxy:
        assert said(f"node client.mjs {proxy}", example.folder) == SEEN

    first = told(example.folder / "orders.mitm")
    assert diff(first, told(again), tolerance=Tolerance(PATIENT)).differences == ()
