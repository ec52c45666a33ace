"""Ways through a scenario, each thing with its path in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replay.scenario.model import Scenario, Step
from replay.scenario.reader import Path


def placed_steps(scenario: Scenario) -> Iterator[tuple[Path, Step]]:
    """Every step: those of the session, then those of the story."""
    for part, steps in (("session", scenario.session), ("steps", scenario.steps)):
        for at, step in enumerate(steps):
            yield (part, at), step


def placed_strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every string within a JSON value, keys included; a key has the path of its value."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from placed_strings(item, (*path, at))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from placed_strings(item, (*path, key))
