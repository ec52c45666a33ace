"""What all parts of a pace have in common.

A delay goes through them in this order, whatever the order in which they are written:

    as the file has it --> basis --> modifiers before speed --> / speed --> modifiers after speed
                           fixed     idle-max                               jitter, then clamp

An event is due at the time of what caused it plus its delay, and no delay is below zero: whatever the pace,
nothing comes before its cause. What falls on the same moment keeps the order of the delays in the file.
"""

from __future__ import annotations

import random  # noqa: TID251  only for the type of a keyed draw
from collections.abc import Callable
from typing import ClassVar

import msgspec

from replay.plan.beside import Beside
from replay.scenario.delays import Delay, Distribution, sample

Chance = Callable[[str], random.Random]
"""A source of chance of its own for each purpose, keyed by seed, play, step and occurrence."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A delay of a file, and what a pace may want to know of it."""

    written: float
    """Seconds; drawn already, where the file has a distribution."""
    alike: tuple[Delay, ...]
    """All delays of its kind in the scenario: those of answers, or those of events."""
    beside: Beside
    """Delays of all that counts from the same moment; nothing, once a basis has made another delay of it."""
    chance: Chance


class Basis(msgspec.Struct, frozen=True):
    """How delays come about. The fields are its settings, in the order in which they are written."""

    example: ClassVar[str]

    def delay(self, wait: Wait) -> float:
        """Seconds, before speed; never below zero."""
        raise NotImplementedError


class Drawing(Basis, frozen=True):
    """A basis that draws from a distribution, of which the fields are the numbers."""

    kind: ClassVar[str]

    def delay(self, wait: Wait) -> float:
        """One draw, whatever the file says."""
        numbers = msgspec.structs.astuple(self)
        return sample(Distribution(self.kind, numbers), wait.chance("pace"))


class Modifier(msgspec.Struct, frozen=True):
    """Something that is done to each delay. The fields are its settings."""

    example: ClassVar[str]
    before_speed: ClassVar[bool] = False
    """It is about time as recorded, not as played."""

    def change(self, delay: float, wait: Wait) -> float:
        """Seconds; never below zero."""
        raise NotImplementedError
