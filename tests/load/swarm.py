"""Locust as people run it: processes of its own, started from its command line."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.road.software import ROOT, Process

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
PATIENCE = 60.0
"""Seconds for a run to end."""


class Swarmed(NamedTuple):
    """What Locust said in the end."""

    code: int
    output: str
    rows: dict[tuple[str, str], dict[str, Any]]
    """By request type and name."""
    failures: Counter[tuple[str, str, str]]
    """How often what went wrong, by request type and name."""

    def counts(self, *kinds: str) -> Counter[str]:
        """How many rows each name has, of these request types."""
        return Counter(
            {name: row["num_requests"] for (kind, name), row in self.rows.items() if kind in kinds}
        )


@contextmanager
def locust(*flags: str, locustfile: Path = LOCUSTFILE, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A process of Locust's."""
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    environment |= {"PYTHONPATH": str(ROOT), "LOCUST_SKIP_LOG_SETUP": "0"} | variables
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", str(locustfile), *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def swarm(
    url: str, users: int, folder: Path, *flags: str, workers: int = 0, rate: int = 100, **variables: str
) -> Swarmed:
    """A run to its end: by one process, or by a master and its workers."""
    outcome = ["--json-file", str(folder / "stats"), "--csv", str(folder / "stats"), "--only-summary"]
    with ExitStack() as stack:
        apart: list[str] = []
        if workers:
            port = _free_port()
            apart = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
            apart += ["--expect-workers", str(workers)]
            at = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
            for _ in range(workers):
                stack.enter_context(locust(*at, **variables))
        to_end = ["--headless", "--host", url, "-u", str(users), "-r", str(rate), *outcome]
        master = stack.enter_context(locust(*to_end, *apart, *flags, **variables))
        output, _ = master.communicate(timeout=PATIENCE)
    return Swarmed(master.returncode, output, _rows(folder), _failures(folder))


def _rows(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    return {(row["method"], row["name"]): row for row in rows}


def _failures(folder: Path) -> Counter[tuple[str, str, str]]:
    with (folder / "stats_failures.csv").open(encoding="utf-8", newline="") as file:
        return Counter(
            {
                (row["Method"], row["Name"], row["Error"]): int(row["Occurrences"])
                for row in csv.DictReader(file)
            }
        )


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@contextmanager
def simulator(folder: Path, story: str, *flags: str, faults: str = "") -> Iterator[tuple[str, Process]]:
    """`replay serve`, which keeps its journal in `run.jsonl`; its URL and its process."""
    (folder / "story.yaml").write_text(story, encoding="utf-8")
    given = [str(folder / "story.yaml"), "--port", "0", "--print-url", "--log-level", "error", *flags]
    given += ["--journal", str(folder / "run.jsonl")]
    if faults:
        (folder / "faults.yaml").write_text(faults, encoding="utf-8")
        given += ["--faults", str(folder / "faults.yaml")]
    process = Process(sys.executable, "-m", "replay", "serve", *given)
    try:
        yield process.word("http://"), process
    finally:
        process.stop(signal.SIGTERM)
