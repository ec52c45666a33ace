"""What is made each time that a step takes place: the time, a number, what has been told until then.

A push takes place when it is due, a request when it comes. From then on the values stand in its mark, under
names that only this step has: whoever is told it, and how often, is told the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.making import Made
from replay.plan.timeline import Ask, Reply
from replay.plan.values import render
from replay.scenario.anew import COUNT, TIME, TURN, turns_of
from replay.scenario.model import is_set
from replay.scenario.times import written_like
from replay.simulator.collecting import Collecting
from replay.simulator.happenings import Due, Mark
from replay.simulator.plays import Play

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Anew:
    """The part of a simulator that makes values each time that a step takes place."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.collecting = Collecting(simulator.timelines)

    def at_event(self, due: Due) -> tuple[Due, Mark]:
        """An event is due: the same with its values, and the mark that goes on to what it sets off."""
        play, cue, mark = due.play, due.cue, due.mark
        made = self._values(play, cue.makes, cue.role, mark.at, mark.captured)
        kept = _kept(cue.makes, made)
        play.captured |= kept
        told = msgspec.structs.replace(mark, captured={**mark.captured, **made})
        onward = msgspec.structs.replace(mark, captured={**mark.captured, **kept})
        return msgspec.structs.replace(due, mark=told), onward

    def at_answer(
        self, play: Play, ask: Ask, reply: Reply, now: float, values: dict[str, Any]
    ) -> Mapping[str, Any]:
        """A request is answered: the values of its answer; those that others speak of go to `values`."""
        made = self._values(play, reply.makes, ask.role, now, values)
        kept = _kept(reply.makes, made)
        play.captured |= kept
        values |= kept
        return made

    def merge(self, play: Play, ask: Ask, values: Mapping[str, Any]) -> None:
        """A request has taken place: what it adds to variables that are merged, and removes from them.

        Args:
            values: What the client sent with it.
        """
        for change in ask.changes:
            owner = play.owner_of(change.name, ask.role)
            value = render(change.value, lambda name: play.lookup(name, "", values, ask.role))
            before = _merged(owner, change.name, ask.role)
            if change.removes:
                gone = value if isinstance(value, list) else [value]
                owner.merged[change.name] = {key: each for key, each in before.items() if key not in gone}
            elif isinstance(value, dict):
                owner.merged[change.name] = before | value

    def _values(
        self, play: Play, makes: tuple[Made, ...], role: int, at: float, captured: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {each.known_as: self._value(play, each, role, at, captured) for each in makes}

    def _value(self, play: Play, each: Made, role: int, at: float, captured: Mapping[str, Any]) -> Any:
        name, variable = each.name, each.variable
        owner = play.owner_of(name, role)
        if name in owner.values:
            # It is given, for every play.
            return owner.values[name]
        if variable.merged is not None:
            return _merged(owner, name, role)
        if variable.told is not None:
            return self.collecting.value(play, role, variable)
        if variable.make == COUNT:
            return _next(owner, name, variable.recorded if is_set(variable.recorded) else 1)
        if variable.make == TURN:
            # Each play begins with another.
            turns = turns_of(variable)
            return turns[_next(owner, name, owner.ordinal - 1) % len(turns)]
        if variable.make == TIME:
            return written_like(variable.recorded, self._time_of(play, at))
        return play.lookup(name, "", captured, role)

    def _time_of(self, play: Play, at: float) -> float:
        """What the clock of a play says, in seconds since 1970: it goes as fast as the play does."""
        speed = play.timeline.pace.speed
        elapsed = at - play.zero
        return self._simulator.casting.date_of(play) + (elapsed if speed is None else elapsed * speed)


def _kept(makes: tuple[Made, ...], made: Mapping[str, Any]) -> dict[str, Any]:
    return {each.known_as: made[each.known_as] for each in makes if each.is_kept}


def _merged(owner: Play, name: str, role: int) -> dict[str, Any]:
    """What requests have made of a variable; as it was first, before any of them."""
    if name not in owner.merged:
        first = owner.timeline.merged[name]
        owner.merged[name] = render(first, lambda each: owner.lookup(each, "", None, role))
    return owner.merged[name]


def _next(owner: Play, name: str, first: Any) -> int:
    number: int = owner.counted[name] + 1 if name in owner.counted else first
    owner.counted[name] = number
    return number
