"""The project in examples/agent-desktop: what it holds, and a sample of it; `make prove` runs all of it."""

from __future__ import annotations

import pytest

from replay.scenario.load import load
from tests.recipes.recipe import commands

from .project import PROJECT, run

pytestmark = pytest.mark.live

SAMPLE = "sees_who_is_there or forgot_the_client or who_is_asked or quiet_half_hour or websocket"


def test_a_sample_of_the_project_passes() -> None:
    done = run("-n", "2", "-k", SAMPLE)

    assert done.code == 0, done.said
    assert done.outcome.startswith("8 passed")


def test_each_of_the_two_desktops_has_forty_tests() -> None:
    listed = run("--collect-only").said.splitlines()

    tests = [line for line in listed if "::" in line]
    on_cometd_js = [test for test in tests if "javascript" in test]
    assert len(on_cometd_js) >= 40
    assert len(tests) - len(on_cometd_js) >= 40


def test_its_scenarios_are_good_and_its_readme_says_how_it_is_run() -> None:
    for scenario in (PROJECT / "scenarios").iterdir():
        load(scenario)

    install, packages, test = commands(PROJECT / "README.md")
    assert (install, test) == ("npm ci", "pytest -n 4")
    assert {"gws-replay", "pytest", "pytest-xdist", "pytest-asyncio", "aiohttp"} == set(packages.split()[2:])


@pytest.mark.full
def test_all_of_the_project_passes_in_random_order() -> None:
    done = run("-n", "4", "--random-order", "--random-order-bucket=global")

    assert done.code == 0, done.said
