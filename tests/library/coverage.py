"""What of the API is played, and by what: the page, and what it is made of."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from replay.library import library, name_of
from replay.scenario.load import load
from replay.scenario.model import Scenario
from tests.library.fact import Fact
from tests.library.facts import SECTIONS

ROOT = Path(__file__).parents[2]

_MOST = 3
"""Scenarios that a row names, and steps of each; the rest is counted."""

_STORIES = "tests/library/test_stories.py::test_a_client_plays_its_part_of_a_scenario_and_sees_what_it_says"
"""The test that plays each scenario to its end, and holds what comes against what it says."""

_HEAD = """# What of the API is played

Written by `python -m tests.docs` from `tests/library/facts.py` and the scenarios themselves.

Each row is a thing that the API does or says. A scenario of the library plays it: `replay serve chat/accept`
plays one by its name, and its steps say whether they are documented, observed or synthetic. What the
simulator does whatever a scenario says, as all that is CometD's, is shown by a test. Where nothing plays it,
the row says why.
"""


@cache
def scenarios() -> dict[str, Scenario]:
    """The library, each by the name that it is served by."""
    return {name_of(file): load(file) for file in library()}


@cache
def facts() -> list[tuple[str, Fact]]:
    """Every fact, with its section."""
    return [(section.title, fact) for section in SECTIONS for fact in section.facts]


def players(fact: Fact) -> dict[str, list[str]]:
    """The scenarios that play a thing, each with the steps; none where the scenario as a whole does."""
    found = {} if fact.sign is None else {name: list(fact.sign(each)) for name, each in scenarios().items()}
    return {name: [step for step in dict.fromkeys(steps) if step] for name, steps in found.items() if steps}


def coverage() -> str:
    """The page."""
    rows = [fact for _, fact in facts()]
    own = sum(fact.sign is not None for fact in rows)
    without = sum(bool(fact.because) for fact in rows)
    text = (
        f"{_HEAD}\nOf {len(rows)} things, {own} are played by scenarios, {len(rows) - own - without} by the "
    )
    text += f"simulator itself, and {without} are not.\n"
    for section in SECTIONS:
        text += f"\n## {section.title}\n\n| what | played by | shown by |\n|---|---|---|\n"
        text += "".join(_row(fact) for fact in section.facts)
    return text


def _row(fact: Fact) -> str:
    found = players(fact)
    named = [_player(name, steps) for name, steps in list(found.items())[:_MOST]]
    if len(found) > _MOST:
        named.append(f"{len(found) - _MOST} more")
    by = "; ".join(named) or (f"*nothing*: {fact.because}" if fact.because else "the simulator")
    tests = (_STORIES, *fact.tests) if found else fact.tests
    return f"| {fact.what} | {by} | {'; '.join(map(_shown, tests))} |\n".replace("|  |", "| |")


def _player(name: str, steps: list[str]) -> str:
    at = f"[{name}](../scenarios/{name}.yaml)"
    if not steps:
        return at
    more = f" and {len(steps) - _MOST} more" if len(steps) > _MOST else ""
    return f"{at}: {', '.join(steps[:_MOST])}{more}"


def _shown(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})"
