"""Ends a run once every user has played all the stories it was to play."""

from __future__ import annotations

from typing import Any

import gevent
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.runners import STATE_RUNNING, MasterRunner, WorkerRunner

MESSAGE = "replay-done"


class Finishing:
    """How many users are done; a worker tells its master of each."""

    def __init__(self, environment: Environment) -> None:
        self._runner = environment.runner
        self._done = 0
        environment.events.test_start.add_listener(self._begin)
        environment.events.spawning_complete.add_listener(self._look)
        if isinstance(self._runner, MasterRunner):
            self._runner.register_message(MESSAGE, self._told)

    def _begin(self, **_: Any) -> None:
        self._done = 0

    def done(self) -> None:
        """One more user is."""
        self._done += 1
        if isinstance(self._runner, WorkerRunner):
            self._runner.send_message(MESSAGE)
        else:
            self._look()

    def _told(self, msg: Message, **_: Any) -> None:
        del msg
        self._done += 1
        self._look()

    def _look(self, **_: Any) -> None:
        runner = self._runner
        assert runner is not None
        if runner.state == STATE_RUNNING and self._done >= runner.target_user_count > 0:
            # Not by the greenlet of a user, which would wait for its own end.
            gevent.spawn(runner.quit)
