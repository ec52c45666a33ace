"""The clock of a running server, for those who use it: to read, and to move by hand.

Theory of operation
-------------------
An advance stops at each moment at which something is due. There real clients have to take what is theirs and
come back, and they take real time for it; the clock that plays go by stands still meanwhile:

* Whose connect was answered owes another one. All who owe are waited for, until `PATIENCE` is over; who has
  not come by then is not waited for again until it has: one dead client must not hold up every stop.
* Where an event or an answer went out, somebody may have something to say to it, mostly on another
  connection. The clock goes on when nobody has said anything for a while: long at first, and after each
  request, since a client takes long for what it does for the first time; shorter each time nobody asks for
  anything, but at least as long again as the clients took to poll, which tells how busy the machine is.

So all that a client says to an event is said at the event's own time, whatever the machine.
"""

from __future__ import annotations

import asyncio

from replay.bayeux.client_state import Client
from replay.bayeux.states import State
from replay.clock import Clock, ManualClock, SystemClock
from replay.errors import UsageError
from replay.scenario.durations import parse_duration
from replay.server.kinds import check_kind
from replay.server.stage import Stage
from replay.server.turns import turn
from replay.wire import Input, Request, Woken

PATIENCE = 0.25
"""Seconds of real time that an advance waits at one stop, at most."""
FIRST_QUIET, BUSY_QUIET, QUIET = 0.1, 0.025, 0.005
"""Seconds without a word after which no more is expected: at first, after a request, and at least."""
CALMING = 0.6
"""What is left of a long quiet after each that nobody broke with a request."""


FURTHEST = 366 * 86_400.0
"""Seconds that one advance moves at most; what is far beyond calendars has no time of day."""


class ServerClock:
    """What a server's plays go by."""

    def __init__(self, clock: Clock, stage: Stage) -> None:
        self._clock = clock
        self._stage = stage
        self._real = SystemClock()
        self._one_at_a_time = asyncio.Lock()
        self._given_up: set[str] = set()
        self._quiet = FIRST_QUIET
        self._news: asyncio.Future[Input | None] | None = None

    def now(self) -> float:
        """Seconds since some fixed moment, never going back."""
        return self._clock.now()

    async def advance(self, duration: str | float) -> None:
        """Moves the clock on; all that is due meanwhile happens in order, each at its own time.

        Clients take part as if the time had passed: they poll again and answer events before it goes on.
        Returns when the clock stands where it should. Advances that are asked for at once follow each other.

        Args:
            duration: `30s`, `1h`, or seconds.

        Raises:
            UsageError: It is no duration, or none above 0; or the clock is the machine's.
        """
        seconds = _seconds(duration)
        if not isinstance(self._clock, ManualClock):
            raise UsageError("this clock goes by itself: serve with clock='manual' to move it by hand")
        async with self._one_at_a_time:
            bayeux = self._stage.simulator.bayeux
            bayeux.patient, self._stage.heard = True, self._hear
            try:
                await self._move(self._clock, self._clock.now() + seconds)
            finally:
                bayeux.patient, self._stage.heard = False, None

    async def _move(self, clock: ManualClock, end: float) -> None:
        await self._until_settled(self._said)
        while (due := clock.next_due) is not None and due <= end:
            before = self._said
            clock.move_to(due)
            await self._until_settled(before)
            # Of a year without a client there are millions of stops, and none waits.
            await turn()
        clock.move_to(end)

    @property
    def _said(self) -> int:
        """How much clients have been told that they may have something to say to."""
        counts = self._stage.simulator.journal.counts
        return counts["event"] + counts["answer"]

    async def _until_settled(self, before: int) -> None:
        """Waits until clients have done what they do at this stop; `before` is what was said until then."""
        began = self._real.now()
        quiet = self._quiet
        owing = self._owing()
        if owing:
            while any(map(_owes, owing)) and await self._heard(began + PATIENCE):
                pass
            self._given_up.update(client.id for client in owing if _owes(client))
            took = self._real.now() - began
            quiet = max(self._quiet - took, took)
        if self._said == before:
            return
        until = self._real.now() + PATIENCE
        while heard := await self._heard(min(until, self._real.now() + quiet)):
            quiet = max(quiet, self._quiet) if isinstance(heard, Request) else quiet
        self._quiet = max(QUIET, CALMING * self._quiet)

    def _owing(self) -> list[Client]:
        """Who is expected to connect again, and worth waiting for."""
        idle = [client for client in self._stage.simulator.bayeux.clients.values() if _owes(client)]
        self._given_up.intersection_update(client.id for client in idle)
        return [client for client in idle if client.id not in self._given_up]

    # What is heard meanwhile

    async def _heard(self, until: float) -> Input | None:
        """Waits for the next input, at most until then; `Woken` when nobody can tell."""
        if self._real.now() >= until:
            return None
        news: asyncio.Future[Input | None] = asyncio.get_running_loop().create_future()
        self._news = news
        alarm = self._real.call_at(until, self._tell)
        try:
            heard = await news
        finally:
            alarm.cancel()
        # A quiet that the machine slept through is none.
        slept = heard is None and self._real.now() - until > QUIET
        return Woken() if slept else heard

    def _hear(self, happening: Input) -> None:
        if isinstance(happening, Request):
            self._quiet = max(self._quiet, BUSY_QUIET)
        self._tell(happening)

    def _tell(self, happening: Input | None = None) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(happening)


def _owes(client: Client) -> bool:
    return client.hold is None and client.state is not State.GONE


def _seconds(duration: str | float) -> float:
    check_kind("duration", duration, str, int, float, words="a duration such as '30s', or seconds")
    try:
        seconds = parse_duration(duration) if isinstance(duration, str) else float(duration)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not seconds > 0:
        raise UsageError(f"a clock is moved forward, by more than nothing, not by {duration}")
    if seconds > FURTHEST:
        raise UsageError(f"a clock is moved by a year at most, not by {duration}")
    return seconds
