"""Scenarios in pytest: the marker `replay`, and fixtures that play it. Nothing is autouse.

What is imported here is loaded into every run of pytest where the package is installed: nothing but pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from replay.fixtures.wanted import Wanted
    from replay.server.simulated import Simulated

MARKER = (
    "replay(*scenarios, speed=1, clock='real', seed=0, faults=[], ...): the scenarios that the fixture"
    " `simulator` plays to this test, by name or as files, and how; it takes the keywords of replay.serve."
)

USED: pytest.StashKey[list[Simulated]] = pytest.StashKey()
"""The simulators that a test has."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def replay_config() -> dict[str, Any]:
    """Defaults for the marker `replay`, for a project to override in its conftest.py.

    Beside the marker's keywords: `scenario` is played where no marker names one, `scenarios` is the folder
    they are in, `upstream` the real server that is recorded.
    """
    return {}


@pytest.fixture
def simulator(request: pytest.FixtureRequest, replay_config: dict[str, Any]) -> Iterator[Simulated]:
    """A server of the scenarios that the marker `replay` names, for this test alone."""
    item = request.node
    with _in_words(item):
        from replay.fixtures.wanted import of_test  # noqa: PLC0415

        wanted = of_test(item, replay_config)
    yield from _played(request, wanted, item.path.parent)


@pytest.fixture(scope="session")
def simulator_session(request: pytest.FixtureRequest, replay_config: dict[str, Any]) -> Iterator[Simulated]:
    """A server of `replay_config["scenario"]`, for all tests that use it."""
    with _in_words():
        from replay.fixtures.wanted import of_session  # noqa: PLC0415

        wanted = of_session(replay_config)
    yield from _played(request, wanted, request.config.rootpath)


def _played(request: pytest.FixtureRequest, wanted: Wanted, beside: Path) -> Iterator[Simulated]:
    where = request.node if isinstance(request.node, pytest.Item) else None
    with _in_words(where):
        from replay.fixtures.opening import opened  # noqa: PLC0415
        from replay.fixtures.places import Places  # noqa: PLC0415

        places = Places(beside=beside, root=request.config.rootpath, folder=wanted.folder)
        simulated = opened(wanted, places)
    used = request.node.stash.setdefault(USED, [])
    used.append(simulated)
    try:
        yield simulated
    finally:
        used.remove(simulated)
        simulated.__exit__(None, None, None)


@contextmanager
def _in_words(item: pytest.Item | None = None) -> Iterator[None]:
    """What is wrong with what was asked for is said where it was asked, without a traceback."""
    from replay.errors import ReplayError  # noqa: PLC0415

    try:
        yield
    except ReplayError as error:
        said = f"{error}"
        if item is not None:
            file, line, _ = item.location
            said = f"{file}:{(line or 0) + 1}: {said}"
        raise pytest.fail.Exception(said, pytrace=False) from None
