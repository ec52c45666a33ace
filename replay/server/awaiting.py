"""Waiting for a step to take place: whoever waits is woken by the journal, and nobody polls."""

from __future__ import annotations

import asyncio
import math

from replay.entries import Entry, Kind
from replay.errors import ExpectationError, UsageError
from replay.scenario.durations import format_duration, parse_duration
from replay.scenario.expectations import in_times
from replay.server.stage import Stage
from replay.simulator.diagnosing import diagnosis
from replay.simulator.expecting import Occurrences

_TELLING: tuple[Kind, ...] = ("request", "answer", "event")
"""Kinds of entry with which steps take place."""


class _Waiter:
    """Somebody who waits for a step to take place so many times."""

    def __init__(self, occurrences: Occurrences, times: int) -> None:
        self._occurrences = occurrences
        self.left = times
        """How often it still has to."""
        self.came: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()

    def hear(self, entry: Entry, _line: bytes = b"") -> None:
        """One more thing has happened."""
        if not self.came.done() and self._occurrences.take(entry):
            self.left -= 1
            if not self.left:
                self.came.set_result(entry)


class Awaiting:
    """All who wait for steps of one server."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._waiters: set[_Waiter] = set()

    async def step(self, step: str, *, times: int, agent: str, patience: str | float) -> Entry:
        """The entry with which a step takes place for the so manieth time, of those in the journal.

        Raises:
            ExpectationError: it has not in time; says what it waits for.
            UsageError: there is no such step; or the server has been closed.
        """
        seconds = _seconds(patience)
        simulator = self._stage.simulator
        if type(times) is not int or times < 1:
            raise UsageError(f"'times' must be a whole number from 1, not {times!r}")
        simulator.expecting.check_step(step)
        waiter = _Waiter(Occurrences(simulator, step, agent), times)
        for entry in simulator.journal:
            waiter.hear(entry)
        if waiter.came.done():
            return waiter.came.result()
        lost = simulator.expecting.lost(step, agent, times - waiter.left, self._stage.clock.now())
        if lost >= waiter.left:
            what = f"'{step}' has taken place, and the journal has lost its entry"
            raise UsageError(what, help="Wait for it earlier.")
        waiter.left -= lost
        if self._stage.is_stopped:
            raise UsageError(f"this server is closed: '{step}' cannot come any more")
        simulator.journal.report(waiter.hear, _TELLING)
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                return await waiter.came
        except TimeoutError:
            raise ExpectationError(self._late(step, times, agent, seconds)) from None
        finally:
            self._waiters.discard(waiter)
            simulator.journal.dismiss(waiter.hear)

    def close(self) -> None:
        """Nothing comes any more: whoever waits is told so."""
        for waiter in self._waiters:
            if not waiter.came.done():
                waiter.came.set_exception(
                    UsageError("this server was closed while somebody waited for a step")
                )

    def _late(self, step: str, times: int, agent: str, seconds: float) -> str:
        now = self._stage.clock.now()
        simulator = self._stage.simulator
        often = "" if times == 1 else f" {in_times(times)}"
        why = simulator.expecting.why_not(step, agent, now)
        said = (
            f"{step} has not taken place{often} within {format_duration(seconds)}{f': {why}' if why else ''}"
        )
        return f"{said}\n\n{diagnosis(simulator, now)}"


def _seconds(timeout: str | float) -> float:
    if isinstance(timeout, str):
        try:
            return parse_duration(timeout)
        except ValueError as error:
            raise UsageError(f"'timeout': {error}") from None
    if type(timeout) not in {int, float} or not 0 <= timeout < math.inf:
        raise UsageError(f"'timeout' must be seconds, or a duration such as '10s', not {timeout!r}")
    return float(timeout)
