"""`python -m tests.compiled`: the tests, run on a hot path that is compiled to C.

A copy of the tree is compiled in place, where Python takes what is compiled before what is not. Tests with a
double that derives from a compiled class are left out: they are marked `interpreted`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hatch_build import compile_in

ROOT = Path(__file__).parents[1]
TESTED = ("simulator", "bayeux", "plan", "server", "faults", "behaviours", "road", "drive", "verify", "load")
"""Folders of tests in which what is compiled is at work."""


def main() -> int:
    """The exit code of pytest, whose closing line is the last."""
    with tempfile.TemporaryDirectory(prefix="replay-compiled-") as name:
        copy = Path(name) / "replay"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
        for modules in ("tests/upstream/node_modules", "bench/rivals/node_modules"):
            (copy / modules).symlink_to(ROOT / modules)
        made = compile_in(copy)
        print(f"{len(made)} modules are compiled")
        there = [f"tests/{folder}" for folder in TESTED if (copy / "tests" / folder).is_dir()]
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "3"]
        chosen = ["-m", "not full and not interpreted", *there]
        environment = os.environ | {"PYTHONPATH": str(copy)}
        return subprocess.run([*pytest, *chosen], cwd=copy, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
