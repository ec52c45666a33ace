"""Variables whose value is made for each time that a step takes place and mentions them, not once for a play.

    now:   {recorded: "2014-01-02T14:23:20.171-0800", make: time}     when the step took place
    index: {recorded: 7, make: count}                                 one more than the time before
    line:  {recorded: [Hello, And you?], make: turn}                  the next of these
    chats: {told: {field: chat, of: plays}}                           what events have told until then
    data:  {merged: {add: ["${attach.data}"]}}                        what requests have made of it until then

`${STEP.name}` is what the latest time of STEP had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from replay.errors import Problem, nearest
from replay.scenario.model import Collected, PushStep, Scenario, Step, Variable, is_set
from replay.scenario.reader import Document, Path
from replay.scenario.times import is_time

TIME = "time"
COUNT = "count"
TURN = "turn"
FRESH = (TIME, COUNT, TURN)
"""What `make:` asks for where a value is made each time, which every profile has."""

_FORMS = (
    'Give it in the form that is wanted: "2014-01-02T14:23:20.171-0800", or as seconds or milliseconds since '
    "1970."
)


def is_anew(variable: Variable) -> bool:
    """Whether its value is made each time that a step takes place."""
    return variable.make in FRESH or variable.told is not None or variable.merged is not None


def anew_in(scenario: Scenario) -> frozenset[str]:
    """The variables of a scenario that are made so."""
    return frozenset(name for name, variable in scenario.variables.items() if is_anew(variable))


def turns_of(variable: Variable) -> list[Any]:
    """What a variable is in turn; empty where it does not say."""
    return variable.recorded if isinstance(variable.recorded, list) else []


def is_list(told: Collected) -> bool:
    """Whether what is collected is a list, also while nothing has been told."""
    return told.all or told.of == "plays"


def check_anew(name: str, variable: Variable, scenario: Scenario, document: Document) -> Iterator[Problem]:
    """What is wrong with one of these variables."""
    path = ("variables", name)
    if variable.merged is not None:
        yield from _merged(name, variable, document)
    elif variable.told is not None:
        yield from _told(name, variable, variable.told, scenario, document)
    elif variable.make == TIME:
        if not is_set(variable.recorded):
            what = f"variable '{name}' has no 'recorded', in the form of which 'make: time' writes a time"
            yield document.problem(path, what, help=_FORMS, key=True)
        elif not is_time(variable.recorded):
            what = f"'recorded' of variable '{name}' is no time, and 'make: time' writes one in its form"
            yield document.problem((*path, "recorded"), what, help=_FORMS)
    elif variable.make == TURN:
        if not turns_of(variable):
            what = f"'recorded' of variable '{name}' must be a list, of which 'make: turn' takes one by one"
            has = is_set(variable.recorded)
            yield document.problem((*path, "recorded") if has else path, what, key=not has)
    elif is_set(variable.recorded) and type(variable.recorded) is not int:
        what = f"'recorded' of variable '{name}' must be a whole number, from which 'make: count' counts"
        yield document.problem((*path, "recorded"), what)


def _merged(name: str, variable: Variable, document: Document) -> Iterator[Problem]:
    """What it is made of is checked where all references are."""
    for key, is_there in (
        ("recorded", is_set(variable.recorded)),
        ("make", variable.make is not None),
        ("told", variable.told is not None),
    ):
        if is_there:
            what = f"variable '{name}' is merged from what requests send: it has both 'merged' and '{key}'"
            first = "'first' in 'merged' is what it is before any of them."
            advice = first if key == "recorded" else "Leave out one of the two."
            yield document.problem(("variables", name, key), what, help=advice, key=True)


def _told(
    name: str, variable: Variable, told: Collected, scenario: Scenario, document: Document
) -> Iterator[Problem]:
    path: Path = ("variables", name)
    if variable.make is not None:
        what = f"variable '{name}' is made, or it is what was told: it has both 'make' and 'told'"
        yield document.problem((*path, "make"), what, help="Leave out one of the two.", key=True)
    if told.all and told.of == "plays":
        what = "'all' is of one play, and 'of: plays' is the latest of each"
        yield document.problem((*path, "told", "all"), what, help="Leave out one of the two.", key=True)
    if is_list(told) and is_set(variable.recorded) and not isinstance(variable.recorded, list):
        what = f"'recorded' of variable '{name}' must be a list, as what is collected is one"
        yield document.problem((*path, "recorded"), what)
    fields = list(told_fields((*scenario.session, *scenario.steps)))
    place = (*path, "told", "field")
    if not told.field or "." in told.field:
        what = f"'{told.field}' is no name of a field"
        yield document.problem(place, what, help="It is one at the top of an event's data, without a path.")
    elif told.of == "play" and told.field not in fields:
        known = f"Fields at the top of events: {', '.join(fields)}." if fields else "There are none."
        advice = f"{nearest(told.field, fields)} {known}".strip()
        yield document.problem(place, f"no push of this scenario tells a '{told.field}'", help=advice)


def told_fields(steps: Iterable[Step]) -> Iterator[str]:
    """The fields at the top of what these steps push, each once."""
    fields: dict[str, Any] = {}
    for step in steps:
        if isinstance(step, PushStep) and isinstance(step.data, dict):
            fields |= step.data
    yield from fields


def why_not_asked(variable: Variable) -> str:
    """Why no request can be known by a variable."""
    if variable.told is not None:
        return "what has been told is other at each time"
    if variable.merged is not None:
        return "what requests have made of it is other at each time"
    return f"'make: {variable.make}' makes another value each time"
