"""What these tests need of the machine, and what is said where it is not there."""

from __future__ import annotations

import os

import pytest

from .balancers import program

HOW = "balancer tests did not run: no {0} on PATH (on Debian, as root: apt-get install {0})"


def needed(name: str) -> str:
    """The path of a balancer; without one the test is skipped, and on CI fails."""
    found = program(name)
    if found is None:
        missing = HOW.format(name)
        if os.environ.get("CI") or os.environ.get("REPLAY_CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture
def haproxy() -> str:
    return needed("haproxy")


@pytest.fixture
def nginx() -> str:
    return needed("nginx")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    beginning = HOW.partition("{")[0]
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    for said in sorted({text[text.index(beginning) :] for text in skipped if beginning in text}):
        terminalreporter.write_line(said.removesuffix("')"), yellow=True)
