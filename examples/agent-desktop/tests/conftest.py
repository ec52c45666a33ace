"""What tests of the desktops share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from desks import Desk, Loop, Node


@pytest.fixture(scope="session")
def replay_config() -> dict[str, Any]:
    """Where a test does not say otherwise, nobody waits, and `scenarios/chat.yaml` is played."""
    return {"speed": "max", "scenario": "chat"}


@pytest.fixture(scope="session")
def python() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def javascript() -> Iterator[Node]:
    node = Node()
    yield node
    node.close()


@pytest.fixture(params=["python", "javascript"])
def open_desk(request: pytest.FixtureRequest, simulator: Any) -> Iterator[Callable[..., Desk]]:
    """Seats agents at desktops: `open_desk("ada", timeout=0.2)`. They leave when the test ends."""
    language = request.getfixturevalue(request.param)
    with ExitStack() as stack:
        yield lambda user="marat", **options: stack.enter_context(language.open(simulator.url, user, **options))


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """An agent who is logged in, listens, and is Ready; once in each language."""
    return open_desk()
