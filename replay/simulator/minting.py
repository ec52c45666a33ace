"""What is made afresh for each play: ids of the profile's shapes, and counters.

A value that is given stands in every play, and is a sign of nobody: whose a request is, and which play is
meant where an agent has several, the other signs say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from replay.profiles.profile import COUNTER
from replay.scenario.anew import FRESH
from replay.simulator.draws import draw
from replay.simulator.plays import Play

TRIES = 50
"""After which an id is taken although another play has it: its shape allows for too few."""


def mint(
    play: Play, seed: int, turn: int, is_taken: Callable[[str], bool], given: Mapping[str, Any]
) -> list[str]:
    """Binds the variables of a play that are given or made; returns ids by which a request can name it.

    Args:
        turn: Which play of this scenario it is for its agent, from 1.
        given: Values by variable, whether or not they would be made.
    """
    if not play.part.variables:
        return []
    for name in sorted(given.keys() & play.part.variables - play.values.keys()):
        play.values[name] = given[name]
    shapes = {shape.make: shape for shape in play.timeline.profile.ids}
    ids = []
    variables = play.timeline.scenario.variables
    for name in sorted(play.part.variables - play.values.keys()):
        make = variables[name].make
        if make == COUNTER:
            play.values[name] = _count(play, name, turn)
        elif make is not None and make not in FRESH:
            source = draw(seed, "mint", *play.key, name)
            recorded = variables[name].recorded
            is_number = isinstance(recorded, int)
            looks = str(recorded) if isinstance(recorded, (str, int)) else ""
            made = (shapes[make].maker(source, looks) for _ in range(TRIES))
            # A number does not begin with 0, or it would be another once it is written.
            fit = (each for each in made if not is_taken(each) and not (is_number and each[0] == "0"))
            value = next(fit, looks)
            play.values[name] = int(value) if is_number else value
            ids.append(value)
    return ids


def _count(play: Play, name: str, turn: int) -> Any:
    """The recorded number for the agent's first play; later plays go on where the one before ended."""
    variables = play.timeline.scenario.variables
    recorded = [
        variable.recorded
        for variable in variables.values()
        if variable.make == COUNTER and isinstance(variable.recorded, int)
    ]
    span = max(recorded, default=0) - min(recorded, default=0) + 1
    first = variables[name].recorded
    return (first if isinstance(first, int) else 1) + (turn - 1) * span
