"""Events on their way to an agent: how each is told, and which wait for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from replay.bayeux.marked import Marked
from replay.faults.fault import Telling
from replay.faults.garble import broken

if TYPE_CHECKING:
    from replay.simulator.happenings import Due


class Told(msgspec.Struct, frozen=True):
    """An event, and how it is told this time."""

    due: Due
    telling: Telling
    rules: tuple[str, ...] = ()
    """Names of the rules that struck it."""
    is_copy: bool = False
    """Whether a rule has it told once more than it takes place: nobody learns anything by it."""

    def written(self, event: bytes) -> bytes:
        """The encoded event as it goes out."""
        telling = self.telling
        if not (telling.broken or telling.alone or telling.together):
            return event
        sent = broken(event) if telling.broken else event
        return Marked(
            sent, alone=telling.alone, together=telling.together, whole=event if telling.broken else b""
        )


class Overtaken(msgspec.Struct):
    """An event that waits until some others have been told, or its own time has come."""

    told: Told
    left: int
    """How many others have to come first."""
