"""How much of what was measured is our own doing: late timers, and the processor's time."""

from __future__ import annotations

from collections.abc import Callable

from replay.clock import Alarm, Clock, processor_time
from replay.drive.tallies import Measured

EVERY = 0.05
"""Seconds between looks at how late the loop is."""
LATE = 0.010
"""Seconds of our own lateness, in one of a hundred looks, beyond which figures are not the server's alone."""
BUSY = 0.85
"""Share of one core beyond which we are at our own limit: Python uses one."""
SPELL = 5.0
"""Seconds over which the share of a core is taken: a moment's work makes nobody late."""


class Burden:
    """Our own, from `start` to `stop`."""

    def __init__(self, clock: Clock, tick: Callable[[float], None]) -> None:
        """Args:
        tick: Is called at each look with how late it was.
        """
        self._clock = clock
        self._tick = tick
        self._alarm: Alarm | None = None
        self._due = self._began = self._ended = 0.0
        self._spent = self._spell_spent = 0.0
        self._spell_began = 0.0
        self.lateness = Measured()
        """Of our own timers."""
        self.busiest = 0.0
        """The largest share of a core that was used for a spell."""

    def start(self) -> None:
        """Begins to look."""
        self._began = self._spell_began = self._due = self._clock.now()
        self._spent = self._spell_spent = processor_time()
        self._next()

    def stop(self) -> None:
        """Has seen enough."""
        self._ended = self._clock.now()
        self._spent = processor_time() - self._spent
        if self._alarm is not None:
            self._alarm.cancel()

    @property
    def share(self) -> float:
        """Of one core, over the whole run."""
        took = self._ended - self._began
        return self._spent / took if took > 0 else 0.0

    @property
    def verdict(self) -> str:
        """Why figures are not the server's alone, in words; empty if they are."""
        whys = []
        late = self.lateness.at(99.0)
        busiest = max(self.busiest, self.share)
        if late > LATE:
            whys.append(f"one in a hundred of its timers came {late * 1000:,.0f} ms late or more")
        if busiest > BUSY:
            whys.append(f"it used {busiest:.0%} of a core")
        return " and ".join(whys)

    def _next(self) -> None:
        # What was missed is not made up for: it was late once.
        self._due = max(self._due + EVERY, self._clock.now())
        self._alarm = self._clock.call_at(self._due, self._look)

    def _look(self) -> None:
        now = self._clock.now()
        late = now - self._due
        self.lateness.add(late)
        if now - self._spell_began >= SPELL:
            spent = processor_time()
            self.busiest = max(self.busiest, (spent - self._spell_spent) / (now - self._spell_began))
            self._spell_began, self._spell_spent = now, spent
        self._tick(late)
        self._next()
