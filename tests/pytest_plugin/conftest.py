"""Runs of pytest inside of this one, on small files of tests as somebody's project has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import dedent

import httpcore  # noqa: F401  httpx's, and only when it is used
import pytest
import pytest_asyncio.plugin  # noqa: F401
import uvloop  # noqa: F401

import replay.fixtures.lending
import replay.server.forwarding
import replay.server.learning  # noqa: F401

# An inner run forgets what it has imported, and the next one would import it once more; of what is imported
# twice, errors are not those that are expected. What is imported here all of them find.

Run = Callable[..., pytest.RunResult]

SETTINGS = """
[pytest]
addopts = -p no:schemathesis -p no:randomly -p no:cacheprovider --strict-markers --strict-config -rA
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

HEAD = "import asyncio\nimport pytest\nfrom tests.pytest_plugin.agent import Agent\n"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `test_it.py` of this text, beside files given by name, with these arguments."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("REPLAY_UPSTREAM", raising=False)
    pytester.makefile(".ini", pytest=SETTINGS)

    def run(
        tests: str, *arguments: str, conftest: str = "", environment: Mapping[str, str] | None = None
    ) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEAD + dedent(tests))
        if conftest:
            pytester.makeconftest("import pytest\n" + dedent(conftest))
        with monkeypatch.context() as around:
            for name, value in (environment or {}).items():
                around.setenv(name, value)
            return pytester.runpytest_inprocess(*arguments)

    return run
