"""Ends a run once every user has played all the stories it was to play."""

from __future__ import annotations

from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, MasterRunner, WorkerRunner

KEY = "replay_done"


class Finishing:
    """How many users are done: in this process, or, for a master, in those of its workers.

    A worker says so in its reports, which have the rows of these users in them: Locust's end waits for none.
    """

    def __init__(self, environment: Environment) -> None:
        self._runner = environment.runner
        self._done = 0
        self._of_workers: dict[str, int] = {}
        environment.events.test_start.add_listener(self._begin)
        environment.events.spawning_complete.add_listener(self._look)
        if isinstance(self._runner, WorkerRunner):
            environment.events.report_to_master.add_listener(self._report)
        elif isinstance(self._runner, MasterRunner):
            environment.events.worker_report.add_listener(self._reported)

    def _begin(self, **_: Any) -> None:
        self._done = 0
        self._of_workers.clear()

    def done(self) -> None:
        """One more user is."""
        self._done += 1
        self._look()

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        data[KEY] = self._done

    def _reported(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        self._of_workers[client_id] = data.get(KEY, 0)
        self._done = sum(self._of_workers.values())
        self._look()

    def _look(self, **_: Any) -> None:
        runner = self._runner
        if isinstance(runner, WorkerRunner) or runner is None or runner.state != STATE_RUNNING:
            return
        if self._done >= runner.target_user_count > 0:
            # Not by the greenlet of a user, which would wait for its own end.
            gevent.spawn(runner.quit)
