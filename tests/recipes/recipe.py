"""The folders of examples/ that people copy, run as their README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.road.software import PATIENCE, ROOT

EXAMPLES = ROOT / "examples"
REPLAY = Path(sys.executable).with_name("replay")


class Run(NamedTuple):
    """How a command ended, and all that it said."""

    code: int
    said: str


def commands(page: Path) -> list[str]:
    """The commands that a page prints."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run(command: str, folder: Path, **environment: str) -> Run:
    """Runs a command of a README in a folder, with `replay` where a user has it."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=outside() | {"REPLAY": str(REPLAY)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE * 2,
    )
    return Run(done.returncode, done.stdout)


def outside() -> dict[str, str]:
    """The environment, without what this very test run or a terminal put into it."""
    off = ("PYTEST_", "REPLAY_", "NODE_OPTIONS", "NODE_TEST_CONTEXT", "FORCE_COLOR", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(off)}
    return kept | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def copied(name: str, folder: Path) -> Path:
    """A recipe in a folder of its own, as somebody has who copied it; packages are those of the original."""
    copy = folder / name
    shutil.copytree(EXAMPLES / name, copy, ignore=shutil.ignore_patterns("node_modules", "test-results"))
    packages = EXAMPLES / name / "node_modules"
    assert packages.is_dir(), f"{packages} is missing: `make test` installs it"
    (copy / "node_modules").symlink_to(packages)
    return copy


def change(file: Path, was: str, now: str) -> None:
    """A mistake somebody makes in a file."""
    text = file.read_text(encoding="utf-8")
    assert was in text
    file.write_text(text.replace(was, now), encoding="utf-8")
