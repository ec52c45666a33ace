"""A machine without a balancer: what did not run is said in words; on CI it is a failure."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.road.software import ROOT

MISSING = "balancer tests did not run: no haproxy on PATH (on Debian, as root: apt-get install haproxy)"


@pytest.mark.parametrize(("variable", "code"), [("OTHER", 0), ("REPLAY_CI", 1)])
def test_without_a_balancer_it_is_said_and_on_ci_it_fails(variable: str, code: int) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "REPLAY_CI"}}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/replicas/test_files.py",
            "-k",
            "haproxy",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env=kept | {"PATH": "", variable: "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stdout
    assert MISSING in done.stdout.splitlines() or (code and MISSING in done.stdout)
