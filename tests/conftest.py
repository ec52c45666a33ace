"""What holds for all tests.

Hypothesis on machines that stall: how long an example took says nothing of whether it is right. And whoever
looks for what a test left behind need not look through all that was imported.
"""

from __future__ import annotations

import gc

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("replay", deadline=None)
settings.load_profile("replay")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
