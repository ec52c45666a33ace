"""How often a moment has come, and when: as much of it as anything still waits for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from replay.plan.timeline import Cue, Moment, Part

if TYPE_CHECKING:
    from replay.simulator.happenings import Mark

LONG = 32
"""Marks after which it is looked how many have been used up."""
MOST = 1_000
"""Marks kept for what waits for another moment too, which may never come, or for stories that begin later."""


class Marks(list["Mark"]):
    """The marks of one moment, the latest; those before have been used up."""

    __slots__ = ("first", "gone")

    def __init__(self, first: Mark) -> None:
        super().__init__((first,))
        self.first = first
        """For what waits for a beginning too: that comes once."""
        self.gone = 0
        """How many came before those that are here."""

    @property
    def total(self) -> int:
        """How often the moment has come."""
        return self.gone + len(self)

    def number(self, at: int) -> Mark:
        """The mark of one time, counted from 0; of what has gone, the oldest that is here."""
        return self[max(0, at - self.gone)] if at else self.first

    def let_go(self, used: int) -> None:
        """Of so many times nothing is needed any more; when it came last stays known."""
        count = min(used, self.total - 1) - self.gone
        if count > 0:
            del self[:count]
            self.gone += count


def used_up(cues: Iterable[Cue], fired: dict[str, int], part: Part, most: int) -> int:
    """How many times of a moment none of these cues waits for any more.

    Args:
        fired: How often each has been set off.
        most: How many there are.
    """
    return min((fired.get(cue.id, 0) for cue in cues if not _is_set_off_once(cue, part.starts)), default=most)


def _is_set_off_once(cue: Cue, starts: tuple[Moment, ...]) -> bool:
    return any(moment in starts for moment in cue.trigger.moments)
