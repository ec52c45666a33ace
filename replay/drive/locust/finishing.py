"""Ends a run once every user has played all the stories it was to play."""

from __future__ import annotations

from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, LocalRunner, MasterRunner, WorkerRunner

KEY = "replay_done"


class Finishing:
    """How many users are done: in this process, or, for a master, in those of its workers."""

    def __init__(self, environment: Environment) -> None:
        self._runner = environment.runner
        self._done = 0
        self._of_workers: dict[str, int] = {}
        environment.events.test_start.add_listener(self._begin)
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
        if isinstance(self._runner, LocalRunner):
            self._end_after(self._done)

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        del client_id
        data[KEY] = self._done

    def _reported(self, client_id: str, data: dict[str, Any]) -> None:
        self._of_workers[client_id] = data.get(KEY, 0)
        self._end_after(sum(self._of_workers.values()))

    def _end_after(self, done: int) -> None:
        runner = self._runner
        assert runner is not None
        if runner.state == STATE_RUNNING and done >= runner.target_user_count > 0:
            # Not by the greenlet of a user, which would wait for its own end.
            gevent.spawn(runner.quit)
