"""What holds for all tests.

Hypothesis on machines that stall: how long an example took says nothing of whether it is right. And whoever
looks for what a test left behind need not look through all that was imported.
"""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from replay.server import plain

pytest_plugins = ["pytester"]

settings.register_profile("replay", deadline=None)
settings.load_profile("replay")


THRESHOLDS = gc.get_threshold()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    # A command that was run here has set the collector up as for a process of its own.
    gc.enable()
    gc.set_threshold(*THRESHOLDS)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-front", action="store_true", help="all servers of these tests are aiohttp's alone")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-front"):
        plain.HAS_PARSER = False
        os.environ["REPLAY_SERVE_NO_FRONT"] = "1"
