"""Beside the shipped class, one over a WebSocket; says what this process has seen and imported."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from locust import events, runners
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import StatsError

from replay.drive.locust import ScenarioUser

FOLDER = Path(os.environ["TOLD"])
"""Where it says so."""
runners.WORKER_REPORT_INTERVAL = 0.5
FEW = 8
"""Rows of a name that are told."""


class Socket(ScenarioUser):
    """Over a WebSocket."""

    replays: ClassVar[dict[str, str]] = {"transport": "websocket"}


class Telling:
    """Says when the first rows of each name are there, and in the end what failed and what is imported."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._rows: Counter[str] = Counter()
        environment.events.request.add_listener(self.row)
        environment.events.quit.add_listener(self.end)

    def row(self, name: str, **_: Any) -> None:
        """A row."""
        self._rows[name] += 1
        if self._rows[name] <= FEW:
            print(f"{name}:{self._rows[name]}", flush=True)

    def end(self, **_: Any) -> None:
        """The end, when all workers have reported."""
        modules = FOLDER / f"modules-{os.getpid()}.txt"
        modules.write_text("\n".join(sorted(sys.modules)), encoding="utf-8")
        runner = self._environment.runner
        if runner is not None and not isinstance(runner, WorkerRunner):
            failed = [
                [each.method, each.name, StatsError.parse_error(each.error), each.occurrences]
                for each in runner.errors.values()
            ]
            (FOLDER / "failures.json").write_text(json.dumps(failed), encoding="utf-8")


def _begin(environment: Environment, **_: Any) -> None:
    Telling(environment)


events.init.add_listener(_begin)
