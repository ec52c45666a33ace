"""Of values that a server makes anew each time: of which kind each is, since any of that kind is right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from replay.plan.timeline import Ask, Cue
from replay.scenario.anew import COUNT, TIME, TURN, is_list, turns_of
from replay.scenario.model import is_set


class Forms:
    """The forms of what steps make anew, by `STEP.name`."""

    def __init__(self, cues: Iterable[Cue], asks: Iterable[Ask]) -> None:
        self.recorded: dict[str, Any] = {}
        """A value of the kind."""
        times = set()
        made = [each for cue in cues for each in cue.makes]
        made += [each for ask in asks for reply in ask.replies for each in reply.makes]
        for each in made:
            variable = each.variable
            if variable.told is not None:
                if is_list(variable.told):
                    self.recorded[each.known_as] = []
            elif variable.merged is not None:
                self.recorded[each.known_as] = {}
            elif variable.make == TURN:
                self.recorded[each.known_as] = turns_of(variable)[0]
            elif is_set(variable.recorded):
                self.recorded[each.known_as] = variable.recorded
            elif variable.make == COUNT:
                self.recorded[each.known_as] = 1
            if variable.make == TIME:
                times.add(each.known_as)
        self.times = frozenset(times)
        """Names that stand for times."""
