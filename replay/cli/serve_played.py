"""What `replay serve` plays: the files it is given, or all that comes with the package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from replay.errors import UsageError
from replay.library import library, name_of
from replay.scenario.load import Files, load
from replay.scenario.model import Scenario

DESK = "desk"
"""What of the library an agent is offered when nobody says what is played; the rest is there on request."""


def played(files: Sequence[Path], *, control_apart: bool) -> tuple[list[Path], list[Scenario]]:
    """Scenarios, each with its file: these, or those of the library.

    Raises:
        ScenarioError: one is bad.
        UsageError: there is none.
    """
    found = list(files) or sorted(library(), key=_rank)
    # What many of them include is read once.
    reading = Files()
    scenarios = [load(path, control_apart=control_apart, files=reading) for path in found]
    if not scenarios:
        raise UsageError("there is no scenario to play: name a file")
    if not files and name_of(found[0]) == DESK:
        # Each says for itself when it is offered where it is named.
        rest = (msgspec.structs.replace(each, offered="on-request") for each in scenarios[1:])
        scenarios = [scenarios[0], *rest]
    return found, scenarios


def listed() -> Iterator[str]:
    """The library, a line each: what a scenario is called, and what it is about."""
    reading = Files()
    found = {name_of(path): load(path, files=reading).about for path in library()}
    width = max(map(len, found), default=0)
    yield from (f"{name:<{width}}  {about}".rstrip() for name, about in found.items())


def _rank(path: Path) -> tuple[bool, str]:
    name = name_of(path)
    return name != DESK, name
