"""How recorded time becomes replay time."""

from __future__ import annotations

import msgspec

from replay.errors import UsageError
from replay.plan.beside import Beside
from replay.plan.paces.basis import Basis, Modifier, Wait
from replay.plan.paces.recorded import Recorded
from replay.scenario.paces import parse_paces

SETTLE = 0.005
"""Seconds kept between an answer and what follows it when waits are dropped: they travel apart."""

_ALONE = Beside()


class Pace(msgspec.Struct, frozen=True):
    """How long delays of a file take, divided by a speed; without one waits are dropped, and order stays."""

    speed: float | None = 1.0
    basis: Basis | None = None
    """How delays come about; as recorded, or as another pace says, where this one says nothing."""
    modifiers: tuple[Modifier, ...] = ()
    """What is done to each delay, in order of work."""

    @property
    def says(self) -> bool:
        """Whether it says more than a speed."""
        return self.basis is not None or bool(self.modifiers)

    @property
    def plain(self) -> bool:
        """Whether delays are only divided, or dropped."""
        is_recorded = self.basis is None or isinstance(self.basis, Recorded)
        return self.speed is None or (is_recorded and not self.modifiers)

    def or_as(self, other: Pace) -> Pace:
        """This pace, at its speed with the delays of another one where it says nothing of them."""
        return self if self.says else msgspec.structs.replace(other, speed=self.speed)

    def after(self, base: float, delay: float, *, follows_answer: bool = False) -> float:
        """When something is due that was recorded `delay` seconds after what happened at `base`, if plain."""
        if self.speed is None:
            return base + (SETTLE if follows_answer else 0.0)
        return base + delay / self.speed

    def paced(self, wait: Wait) -> float:
        """Seconds that a wait takes when it is played at this pace, which has a speed."""
        assert self.speed is not None
        delay = wait.written
        if self.basis is not None and not isinstance(self.basis, Recorded):
            delay = self.basis.delay(wait)
            wait = msgspec.structs.replace(wait, beside=_ALONE)
        for modifier in self.modifiers:
            if modifier.before_speed:
                delay = modifier.change(delay, wait)
        delay /= self.speed
        for modifier in self.modifiers:
            if not modifier.before_speed:
                delay = modifier.change(delay, wait)
        return delay


def parse_speed(text: str) -> Pace:
    """`2` is twice as fast, `max` drops waits.

    Raises:
        ValueError: neither; the message says what is right.
    """
    if text == "max":
        return Pace(None)
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise ValueError(f"speed is a number above 0 (2 is twice as fast) or 'max', not '{text}'")
    return Pace(speed)


def parse_pace(text: str) -> Pace:
    """`recorded, idle-max(2s), jitter(20%)`: how delays come about, then what is done to them.

    Raises:
        ValueError: it is no pace; the message says what was read and what would be right.
    """
    basis, modifiers = parse_paces(text)
    return Pace(1.0, basis or Recorded(), tuple(modifiers))


def at_speed(pace: Pace, speed: Pace) -> Pace:
    """A pace at the speed of another one.

    Raises:
        UsageError: waits are dropped, and the pace is about waits.
    """
    if speed.speed is None and not pace.plain:
        said = "'--speed max' drops all waits, so a pace that says how long they are would say nothing"
        raise UsageError(f"{said}: leave out '--pace', or give a number as the speed")
    return msgspec.structs.replace(pace, speed=speed.speed)
