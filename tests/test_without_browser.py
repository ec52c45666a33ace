"""A machine without Chromium: what did not run is said in words; on CI it is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MISSING = "browser tests did not run: no Chromium on PATH"


def browser_tests(**environment: str) -> tuple[int, str]:
    """Runs them where no program can be found."""
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "REPLAY_CI"}}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/browser", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=kept | {"PATH": ""} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_without_a_browser_the_summary_names_what_did_not_run() -> None:
    code, said = browser_tests()

    assert code == 0, said
    assert f"\n{MISSING}" in said
    assert "\n  tests/browser/test_browser.py::test_a_desktop_in_a_page_of_another_origin" in said


@pytest.mark.parametrize("name", ["CI", "REPLAY_CI"])
def test_without_a_browser_ci_fails(name: str) -> None:
    code, said = browser_tests(**{name: "1"})

    assert (code, MISSING in said) == (1, True)
