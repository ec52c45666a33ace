"""Where no Chromium is, its tests say that they did not run; on CI they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .chromium import chromium
from .looking import Looking

MISSING = "browser tests did not run: no Chromium on PATH (on Debian, as root: apt-get install chromium)"


@pytest.fixture(autouse=True, scope="session")
def _chromium() -> None:
    if chromium() is None:
        if os.environ.get("CI") or os.environ.get("REPLAY_CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def look(_chromium: None) -> Iterator[Looking]:
    """Somebody who looks at pages, in one Chromium for all tests."""
    looking = Looking()
    yield looking
    looking.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.getreports("skipped")
    if any(MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(MISSING, yellow=True)
        names = sorted({report.nodeid for report in skipped if MISSING in str(report.longrepr)})
        for name in names:
            terminalreporter.write_line(f"  {name}")
