"""The benchmark's figures are worth what its checks are: it must run, and see what is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.live
def test_twenty_agents_get_their_events_in_order() -> None:
    command = [
        sys.executable,
        "-m",
        "bench",
        "--quick",
        "--size",
        "20",
        "--accepts",
        "200",
        "--only",
        "replay",
    ]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong:" not in done.stdout
    assert "│      20 │ replay │" in done.stdout


@pytest.mark.live
def test_events_and_answers_are_never_early() -> None:
    quick = ["--seconds", "1", "--events", "200", "--only", "paced", "--only", "drift"]
    command = [sys.executable, "-m", "bench.lateness", *quick]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong:" not in done.stdout
    assert re.search(r"1,000 events/s +│ .* │ 1,000 │", done.stdout), done.stdout
