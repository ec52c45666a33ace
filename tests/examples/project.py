"""The project in examples/agent-desktop, run as whoever copied it runs it: by a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import NamedTuple

from tests.recipes.recipe import EXAMPLES, outside

PROJECT = EXAMPLES / "agent-desktop"
BOUND = 20
"""Seconds that the whole of it may take with `-n 4`."""


PLUGINS = ("replay", "asyncio", "xdist", "random_order")
"""What its README installs, and what shuffles its tests; not all that we have."""


class Run(NamedTuple):
    """How a run ended, all that it said, and how long it took in seconds, from its start to its exit."""

    code: int
    said: str
    took: float

    @property
    def outcome(self) -> str:
        """Its last line: `82 passed in 9.86s`."""
        return self.said.strip().rpartition("\n")[2]


def run(*arguments: str) -> Run:
    """Runs the project's tests with these arguments of pytest."""
    assert (PROJECT / "node_modules").is_dir(), f"npm ci is missing in {PROJECT}: `make test` does it"
    plugins = [word for plugin in PLUGINS for word in ("-p", plugin)]
    began = time.monotonic()  # noqa: TID251  a stopwatch, not a test
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, "-p", "no:cacheprovider", *arguments],
        cwd=PROJECT,
        env=outside() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=BOUND * 10,
    )
    return Run(done.returncode, done.stdout, time.monotonic() - began)  # noqa: TID251
