"""What tests of the desktops share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from desks import Desk, JavaScript, Python


@pytest.fixture(scope="session")
def replay_config() -> dict[str, Any]:
    """Where a test does not say otherwise, nobody waits, and `scenarios/chat.yaml` is played."""
    return {"speed": "max", "scenario": "chat"}


@pytest.fixture(scope="session")
def python() -> Iterator[Python]:
    python = Python()
    yield python
    python.close()


@pytest.fixture(scope="session")
def javascript() -> Iterator[JavaScript]:
    javascript = JavaScript()
    yield javascript
    javascript.close()


@pytest.fixture(params=["python", "javascript"])
def language(request: pytest.FixtureRequest) -> Python | JavaScript:
    """Where desktops are opened; a test that uses it is run once in each language."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def open_desk(language: Python | JavaScript, simulator: Any) -> Iterator[Callable[..., Desk]]:
    """Seats agents at desktops: `open_desk("ada", timeout=0.2)`. They leave when the test ends."""
    with ExitStack() as stack:

        def seat(user: str = "marat", **options: Any) -> Desk:
            return stack.enter_context(language.open(simulator.url, user, **options))

        yield seat


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """An agent who is logged in, listens, and is Ready."""
    return open_desk()
