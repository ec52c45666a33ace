"""Locust as people run it: processes of its own, started from its command line."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.road.software import ROOT, Process

LOCUSTFILES = ROOT / "examples" / "load" / "locustfile.py", Path(__file__).parent / "locustfile.py"
LOCUST = [sys.executable, "-m", "locust", "-f", ",".join(map(str, LOCUSTFILES))]
"""With the class that is shipped."""


class Swarmed(NamedTuple):
    """What Locust said in the end."""

    code: int
    output: str
    rows: dict[tuple[str, str], dict[str, Any]]
    """By request type and name."""
    failures: Counter[tuple[str, str, str]]
    """How often what went wrong, by request type and name."""
    imported: list[set[str]]
    """By process, the modules that it has imported."""

    def counts(self, *kinds: str) -> Counter[str]:
        """How many rows each name has, of these request types."""
        return Counter(
            {name: row["num_requests"] for (kind, name), row in self.rows.items() if kind in kinds}
        )


def started(folder: Path, *flags: str) -> Process:
    """A process of Locust's, which tells what it has seen in a folder."""
    return Process("env", f"TOLD={folder}", *LOCUST, *flags)


def swarm(url: str, users: int, folder: Path, *flags: str, workers: int = 0) -> Swarmed:
    """A run to its end: by one process, or by a master and its workers."""
    apart, others = list[str](), list[Process]()
    if workers:
        port = _free_port()
        apart = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        apart += ["--expect-workers", str(workers)]
        worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
        others = [started(folder, *worker) for _ in range(workers)]
    stats = ["--json-file", str(folder / "stats"), "--only-summary"]
    master = started(
        folder, "--headless", "--host", url, "-u", str(users), "-r", "100", *stats, *apart, *flags
    )
    code = master.wait()
    assert [each.wait() for each in others] == [0] * workers, others[0].output
    imported = [set(file.read_text(encoding="utf-8").split()) for file in folder.glob("modules-*.txt")]
    return Swarmed(code, master.output, _rows(folder), failures_in(folder), imported)


def _rows(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    return {(row["method"], row["name"]): row for row in rows}


def failures_in(folder: Path) -> Counter[tuple[str, str, str]]:
    """What a run said there of its failures."""
    told = json.loads((folder / "failures.json").read_text(encoding="utf-8"))
    return Counter({(kind, name, error): count for kind, name, error, count in told})


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@contextmanager
def simulator(folder: Path, story: str, *flags: str, faults: str = "") -> Iterator[tuple[str, Process]]:
    """`replay serve`, which keeps its journal in `run.jsonl`; its URL and its process."""
    (folder / "story.yaml").write_text(story, encoding="utf-8")
    given = [str(folder / "story.yaml"), "--print-url", "--log-level", "error", "--port", "0", *flags]
    given += ["--journal", str(folder / "run.jsonl")]
    if faults:
        (folder / "faults.yaml").write_text(faults, encoding="utf-8")
        given += ["--faults", str(folder / "faults.yaml")]
    process = Process(sys.executable, "-m", "replay", "serve", *given)
    try:
        yield process.word("http://"), process
    finally:
        process.stop(signal.SIGTERM)
