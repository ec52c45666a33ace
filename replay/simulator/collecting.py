"""What events have told an agent, kept for the answers that collect it.

Kept are the events as they were sent, and read when somebody asks: most never do. What counts is what has
left for the agent, also if it was lost on the way; what waits for a subscription, or is put off, counts once
it is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from replay.plan.timeline import Timeline
from replay.plan.values import same
from replay.scenario.model import Collected, Variable, is_set
from replay.simulator.happenings import Due
from replay.simulator.plays import Play

MOST = 1_000
"""Events of a play that are kept of one field, the latest."""


class Said:
    """What one event told in one field; the event is decoded when that is asked for first."""

    __slots__ = ("_event", "_field", "_value")

    def __init__(self, event: bytes, field: str) -> None:
        self._event = event
        self._field = field
        self._value: Any = msgspec.UNSET

    @property
    def value(self) -> Any:
        """What it told."""
        if self._value is msgspec.UNSET:
            self._value = msgspec.json.decode(self._event)["data"][self._field]
            self._event = b""
        return self._value


class Collecting:
    """The part of a simulator that knows what has been told."""

    def __init__(self, timelines: Iterable[Timeline]) -> None:
        self.fields: tuple[str, ...] = ()
        """Fields that any scenario asks for; empty where none does, as most do not."""
        for timeline in timelines:
            self.learn(timeline)

    def learn(self, timeline: Timeline) -> None:
        """A scenario is served from now on."""
        wanted = (each.told.field for each in timeline.scenario.variables.values() if each.told is not None)
        self.fields = tuple(dict.fromkeys((*self.fields, *wanted)))

    def wants(self, due: Due) -> bool:
        """Whether an event tells anything that may be asked for."""
        data = due.cue.data.compiled
        return isinstance(data, dict) and any(field in data for field in self.fields)

    def told(self, due: Due, event: bytes) -> None:
        """An event has been told to the agent of its role, for the first time."""
        play, role = due.play, due.cue.role
        for field in self.fields:
            if field not in due.cue.data.compiled:
                continue
            kept = play.collected.get((role, field))
            if kept is None:
                most = MOST if field in play.timeline.joined else 1
                kept = play.collected[role, field] = deque(maxlen=most)
            kept.append(Said(event, field))

    def value(self, play: Play, role: int, variable: Variable) -> Any:
        """What a variable of this play is for one of its roles."""
        told = variable.told
        assert told is not None
        if told.of == "plays":
            agent = play.seats[role]
            plays = agent.plays if agent is not None else []
            return [each for one in plays for each in _latest(one, one.seats.index(agent), told)]
        if told.all:
            return list(_all(play, role, told))
        found = list(_latest(play, role, told))
        recorded = variable.recorded if is_set(variable.recorded) else None
        return found[0] if found else recorded


def _latest(play: Play, role: int, told: Collected) -> Iterator[Any]:
    """The latest that a role was told; nothing where that is to be left out."""
    kept = play.collected.get((role, told.field))
    if kept and not _is_out(kept[-1].value, told):
        yield from _taken(kept[-1].value, told)


def _all(play: Play, role: int, told: Collected) -> Iterator[Any]:
    for said in play.collected.get((role, told.field), ()):
        values = said.value if isinstance(said.value, list) else [said.value]
        yield from (taken for value in values if not _is_out(value, told) for taken in _taken(value, told))


def _taken(value: Any, told: Collected) -> Iterator[Any]:
    """What is collected of a value: all of it, or one of its fields, if it has that."""
    if not told.take:
        yield value
    elif isinstance(value, dict) and told.take in value:
        yield value[told.take]


def _is_out(value: Any, told: Collected) -> bool:
    """Whether a value is one of those that are left out."""
    if not told.unless or not isinstance(value, dict):
        return False
    return all(
        field in value and any(same(value[field], one) for one in (out if isinstance(out, list) else [out]))
        for field, out in told.unless.items()
    )
