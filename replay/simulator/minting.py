"""What is made afresh for each play: ids of the profile's shapes, and counters."""

from __future__ import annotations

from typing import Any

from replay.profiles.profile import COUNTER
from replay.simulator.draws import draw
from replay.simulator.plays import Play


def mint(play: Play, seed: int) -> list[str]:
    """Binds the made variables of a play; returns the ids by which a request can name it."""
    shapes = {shape.make: shape for shape in play.timeline.profile.ids}
    ids = []
    variables = play.timeline.scenario.variables
    for name in sorted(play.part.variables):
        make = variables[name].make
        if make == COUNTER:
            play.values[name] = _count(play, name)
        elif make is not None:
            source = draw(seed, "mint", play.agent.key, play.timeline.name, play.ordinal, name)
            recorded = variables[name].recorded
            value = shapes[make].maker(source, recorded if isinstance(recorded, str) else "")
            play.values[name] = value
            ids.append(value)
    return ids


def _count(play: Play, name: str) -> Any:
    """The recorded number for the agent's first play; later plays go on where the one before ended."""
    variables = play.timeline.scenario.variables
    recorded = [
        variable.recorded
        for variable in variables.values()
        if variable.make == COUNTER and isinstance(variable.recorded, int)
    ]
    span = max(recorded, default=0) - min(recorded, default=0) + 1
    first = variables[name].recorded
    return (first if isinstance(first, int) else 1) + (play.ordinal - 1) * span
