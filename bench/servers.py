"""The servers that are compared, each started afresh on a core of its own."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
NODE_MODULES = ROOT / "tests" / "upstream" / "node_modules"
RIVALS = Path(__file__).parent / "rivals"
OURS = "replay"
COMPILED = ROOT / ".venv-compiled" / "bin" / "replay"
"""Ours with its hot path compiled, in an environment of its own."""
PLAIN = os.environ.get("BENCH_PLAIN") == "1"
"""Whether ours is measured as it stands in the tree all the same."""
PAGE = resource.getpagesize()
TICKS = os.sysconf("SC_CLK_TCK")


class Listening(NamedTuple):
    """A server that runs."""

    pid: int
    host: str
    port: int

    @property
    def resident(self) -> int:
        """Bytes it occupies."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    @property
    def used(self) -> float:
        """Seconds of processor time that it and what it started have taken."""
        family, known = {self.pid}, dict(_processes())
        # A process has a higher number than its parent, save where numbers began again.
        for pid in sorted(known):
            if known[pid].parent in family:
                family.add(pid)
        return sum(known[pid].used for pid in family)


class _Process(NamedTuple):
    parent: int
    used: float


def _processes() -> Iterator[tuple[int, _Process]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it may have ended meanwhile
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                used = (int(fields[11]) + int(fields[12])) / TICKS
                yield int(folder.name), _Process(int(fields[1]), used)


def command_of(name: str) -> list[str]:
    """How a server of CometD is started."""
    return ours(Path(__file__).parent / "burst.yaml") if name == OURS else node(RIVALS / f"{name}.js")


def ours(*scenarios: Path) -> list[str]:
    """`replay serve`, as it comes: compiled, where `make compiled` has made it."""
    command = [str(COMPILED)] if COMPILED.exists() and not PLAIN else python("-m", "replay")
    return [*command, "serve", *map(str, scenarios), "--port", "0", "--print-url"]


def python(*arguments: str | Path) -> list[str]:
    """A server in Python."""
    return [sys.executable, *map(str, arguments)]


def node(script: Path, *arguments: str) -> list[str]:
    """A server in JavaScript, or started by it."""
    found = shutil.which("node")
    if found is None or not NODE_MODULES.is_dir():
        sys.exit("the rivals need node and tests/upstream/node_modules: `make bench` installs the latter")
    return [found, str(script), *arguments]


def raise_descriptors() -> int:
    """Takes as many open files as this machine allows; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def cores() -> tuple[int | None, int | None]:
    """One core for the server, another for the load; none where there are no two."""
    free = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (free[0], free[1]) if len(free) > 1 else (None, None)


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """This process, and what it starts meanwhile, on one core."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(name: str, core: int | None) -> Iterator[Listening]:
    """A server, until the block ends."""
    with started(command_of(name), core) as (server, _):
        yield server


@contextmanager
def started(command: list[str], core: int | None) -> Iterator[tuple[Listening, list[str]]]:
    """A server that prints its URL, until the block ends; the list then has what it said on stderr."""
    environment = os.environ | {"NODE_PATH": str(NODE_MODULES)}
    said: list[str] = []
    with tempfile.TemporaryFile("w+") as errors:
        with pinned(core):
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            found = re.search(r"http://([^:]+):(\d+)", process.stdout.readline())
            if found is None:
                errors.seek(0)
                sys.exit(f"{command} did not start: {errors.read()}")
            yield Listening(process.pid, found[1], int(found[2])), said
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
            errors.seek(0)
            said += errors.read().splitlines()
