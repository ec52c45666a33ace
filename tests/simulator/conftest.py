"""The accept-chat scenario that ships with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.scenario.load import load
from replay.scenario.model import Scenario

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def accept_chat() -> Scenario:
    return load(ROOT / "scenarios" / "accept-chat.yaml")
