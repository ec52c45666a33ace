"""The first thing a newcomer runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.live
def test_the_demo_walks_the_whole_road() -> None:
    """Whether gaps agree is for `make demo`: a machine that runs tests may stall."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), "--any-gap"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 of 6 agree in order and value" in done.stdout
