"""Numbers for users, each there once among all workers, from 1 on without gaps: accounts are numbered so.

worker                          master
take  -- replay-number ------>  the smallest that is free
      <----- replay-number --
give  -- replay-number ------>  free again
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from gevent.queue import Empty, SimpleQueue
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.runners import MasterRunner, WorkerRunner

from replay.errors import UsageError

MESSAGE = "replay-number"
PATIENCE = 60.0
"""Seconds for a master to give a number out."""


class Numbers:
    """The smallest numbers that nobody has."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._next = 1

    def take(self) -> int:
        """The smallest."""
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def give(self, number: int) -> None:
        """Nobody has it any more."""
        heapq.heappush(self._free, number)


class MasterNumbers(Numbers):
    """Those of all workers: of one that is gone they are free again."""

    def __init__(self, runner: MasterRunner) -> None:
        super().__init__()
        self._runner = runner
        self._held: dict[str, set[int]] = defaultdict(set)
        runner.register_message(MESSAGE, self._asked)

    def _asked(self, environment: Environment, msg: Message, **_: Any) -> None:
        del environment
        given = msg.data["gives"]
        if given:
            self._held[msg.node_id].discard(given)
            self.give(given)
            return
        self._free_of(node for node in [*self._held] if self._is_gone(node))
        number = self.take()
        self._held[msg.node_id].add(number)
        self._runner.send_message(MESSAGE, {"number": number}, msg.node_id)

    def _is_gone(self, node: str) -> bool:
        worker = self._runner.clients.get(node)
        return worker is None or worker.state == "missing"

    def _free_of(self, nodes: Iterable[str]) -> None:
        for node in nodes:
            for number in self._held.pop(node):
                self.give(number)


class WorkerNumbers(Numbers):
    """Those that the master gives out."""

    def __init__(self, runner: WorkerRunner) -> None:
        super().__init__()
        self._runner = runner
        self._given: SimpleQueue[int] = SimpleQueue()
        runner.register_message(MESSAGE, self._got)

    def _got(self, environment: Environment, msg: Message, **_: Any) -> None:
        del environment
        self._given.put(msg.data["number"])

    def take(self) -> int:
        """The smallest that no user of any worker has; waits for the master.

        Raises:
            UsageError: the master gives none.
        """
        self._runner.send_message(MESSAGE, {"gives": 0})
        try:
            return self._given.get(timeout=PATIENCE)
        except Empty:
            what = "the master gives out no numbers for users"
            raise UsageError(what, help="It needs the same locustfile as its workers.") from None

    def give(self, number: int) -> None:
        """Gives it back to the master."""
        self._runner.send_message(MESSAGE, {"gives": number})


def numbers_of(environment: Environment) -> Numbers:
    """Where a process takes its users' numbers from."""
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        return MasterNumbers(runner)
    if isinstance(runner, WorkerRunner):
        return WorkerNumbers(runner)
    return Numbers()
