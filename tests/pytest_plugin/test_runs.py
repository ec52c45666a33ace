"""Whole runs of pytest in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = """
[pytest]
addopts = -p no:schemathesis -p no:asyncio -p no:anyio -p no:cacheprovider
filterwarnings = error
"""
HEAVY = ("aiohttp", "msgspec", "yaml", "httpx", "click", "uvloop", "mitmproxy", "asyncio", "replay.errors")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("CI", raising=False)
    pytester.makefile(".ini", pytest=SETTINGS)
    return pytester


def test_nothing_heavy_is_imported_until_a_fixture_is_used(project: pytest.Pytester) -> None:
    project.makeconftest(
        f"""
        import sys

        def pytest_sessionfinish():
            print("plugin", "replay.pytest_plugin" in sys.modules)
            print("heavy", [name for name in {HEAVY} if name in sys.modules])
        """
    )
    project.makepyfile(
        """
        import pytest

        @pytest.mark.replay("accept-chat")
        def test_it(simulator): ...
        """
    )

    result = project.runpytest_subprocess("-p", "no:hypothesispytest", "--collect-only", "-s", "-q")

    result.stdout.fnmatch_lines(["plugin True", "heavy []"])


def test_a_worker_of_xdist_plays_too_and_what_failed_there_is_told(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import urllib.request
        import pytest

        pytestmark = pytest.mark.replay("accept-chat", speed="max")

        @pytest.mark.parametrize("number", range(6))
        def test_it(simulator, number):
            urllib.request.urlopen(simulator.url + "/api/v2/me").close()
            assert number != 3
        """
    )

    result = project.runpytest_subprocess("-n", "1")

    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["-* replay -*", "*what happened:*", "*← me *answered 200"])


@pytest.mark.full
def test_ctrl_c_ends_a_wait(project: pytest.Pytester) -> None:
    test = project.makepyfile(
        """
        import pytest

        @pytest.mark.replay("accept-chat")
        def test_it(simulator):
            print("it waits", flush=True)
            simulator.wait_for("history", timeout="10m")
        """
    )

    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", str(test)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "it waits" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in rest
    assert "never" not in rest
