"""Whether every `${name}` of a scenario names something."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from replay.errors import Guesses, Problem
from replay.scenario import templates
from replay.scenario.anew import anew_in, told_fields, why_not_asked
from replay.scenario.model import Demand, RequestStep, Respond, Scenario, Step, Variable, is_set
from replay.scenario.reader import Document, Path
from replay.scenario.walk import placed_steps, placed_strings

_SENT = ("request", "body")
"""Fields of a step that say what a client sends."""
_ALL = (*_SENT, "respond", "push", "data")
_CHANGE = "Write '${STEP.name}', what a request has sent, or an object with that in it."


class _Known(NamedTuple):
    """What references may name."""

    variables: set[str]
    steps: dict[str, Step]
    mentioned: dict[str, set[str]]
    """The names that a step refers to, once another has spoken of it: most are not spoken of."""
    anew: dict[str, Variable]
    """Variables that are made each time that a step takes place."""
    near_names: Guesses
    near_steps: Guesses
    near_variables: Guesses


def check_names(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with the references in requests, bodies, headers, channels and data."""
    steps = {step.id: step for _, step in placed_steps(scenario)}
    variables = set(scenario.variables)
    everything = Guesses(sorted(variables | {templates.BASE_URL}))
    anew = {name: scenario.variables[name] for name in anew_in(scenario)}
    known = _Known(variables, steps, {}, anew, everything, Guesses(steps), Guesses(scenario.variables))
    good: set[str] = set()
    """Strings found to be right: the same few stand in most steps, and only what is wrong needs its place."""
    for path, step in placed_steps(scenario):
        for field, value in _templates(step):
            if all(text in good for text in referring(value)):
                continue
            for place, text in placed_strings(value, (*path, *field)):
                problems = list(_string(text, place, known, document))
                if not problems:
                    good.add(text)
                yield from problems
    for path, step in placed_steps(scenario) if anew else ():
        yield from _too_early(step, path, known, document)
    yield from _untold(scenario, anew, document)
    yield from _in_demands(scenario, known, document)
    yield from _in_merged(scenario, known, document)


def _in_demands(scenario: Scenario, known: _Known, document: Document) -> Iterator[Problem]:
    for at, demand in enumerate(scenario.demands):
        for field, value in _of_demand(demand):
            for place, text in placed_strings(value, ("demands", at, *field)):
                yield from _string(text, place, known, document)
                for name in dict.fromkeys(_good_names(text)):
                    if name.rpartition(".")[2] in known.anew:
                        what = f"a demand is no step, and '${{{name}}}' is made when one takes place"
                        yield document.problem(place, what, help="'make: uuid' is made once for each agent.")


def _in_merged(scenario: Scenario, known: _Known, document: Document) -> Iterator[Problem]:
    for name, variable in scenario.variables.items():
        if variable.merged is None:
            continue
        path: Path = ("variables", name, "merged")
        for place, text in placed_strings(variable.merged.first, (*path, "first")):
            yield from _string(text, place, known, document)
            yield from _made_unasked(text, place, known, document)
        for key, changes in (("add", variable.merged.add), ("remove", variable.merged.remove)):
            for at, change in enumerate(changes):
                yield from _change(change, (*path, key, at), known, document)


def _change(change: Any, path: Path, known: _Known, document: Document) -> Iterator[Problem]:
    """It counts when a request takes place, so it has to mention one."""
    wrong = False
    for place, text in placed_strings(change, path):
        for problem in (*_string(text, place, known, document), *_made_unasked(text, place, known, document)):
            wrong = True
            yield problem
    if wrong:
        return
    steps = [known.steps[name] for name in sorted(steps_in(change))]
    if isinstance(change, str) and path[-2] == "add" and not templates.is_whole(change):
        what = f"'{change}' is no object"
        yield document.problem(path, what, help=_CHANGE)
    elif len(steps) != 1:
        what = f"it mentions {len(steps) or 'no'} steps, and counts when one takes place"
        yield document.problem(path, what, help=f"{_CHANGE} One entry for each step.")
    else:
        yield from _unsent(change, steps[0], path, document)


def _unsent(change: Any, step: Step, path: Path, document: Document) -> Iterator[Problem]:
    """What is merged is what the client has sent."""
    sent = set(_mentioned(step, _SENT))
    for place, text in placed_strings(change, path):
        for name in dict.fromkeys(_good_names(text)):
            _, dot, variable = name.partition(".")
            if dot and variable not in sent:
                what = f"'${{{name}}}' is nothing that a client sends with '{step.id}'"
                advice = f"It sends: {', '.join(sorted(sent)) or 'nothing that has a name'}."
                yield document.problem(place, what, help=advice)


def _made_unasked(text: str, place: Path, known: _Known, document: Document) -> Iterator[Problem]:
    for name in dict.fromkeys(_good_names(text)):
        if name == templates.BASE_URL:
            what = "what is merged is the same for all clients, and '${base_url}' is what each has dialled"
            yield document.problem(place, what)
        elif name in known.anew:
            what = f"'${{{name}}}' is made when a step takes place, and it is not said which"
            yield document.problem(place, what, help=f"Write '${{STEP.{name}}}': what that step said.")


def steps_in(change: Any) -> set[str]:
    """The steps that are mentioned as `${STEP.name}`."""
    return {name.partition(".")[0] for text in referring(change) for name in _good_names(text) if "." in name}


def referring(value: Any) -> Iterator[str]:
    """Every string within a JSON value, keys included, that holds `${`."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            if "${" in item:
                yield item
        elif isinstance(item, dict):
            left += item
            left += item.values()
        elif isinstance(item, list):
            left += item


def _templates(step: Step) -> Iterator[tuple[Path, Any]]:
    """Everything in a step that may hold `${…}`, with its path within the step."""
    if not isinstance(step, RequestStep):
        yield ("push",), step.push
        yield ("data",), step.data
        return
    yield ("request",), step.request
    if is_set(step.body):
        yield ("body",), step.body
    for at, answer in enumerate(step.respond):
        yield from _of_answer(answer, ("respond", at))


def _of_demand(demand: Demand) -> Iterator[tuple[Path, Any]]:
    yield ("value",), demand.value
    yield ("given",), demand.given
    yield from _of_answer(demand.refused, ("refused",))


def _of_answer(answer: Respond, path: Path) -> Iterator[tuple[Path, Any]]:
    yield (*path, "headers"), answer.headers
    if is_set(answer.body):
        yield (*path, "body"), answer.body
    if answer.text is not None:
        yield (*path, "text"), answer.text


def _mentioned(step: Step, fields: Container[str] = _ALL) -> Iterator[str]:
    for (field, *_), value in _templates(step):
        for text in referring(value) if field in fields else ():
            yield from _good_names(text)


def _too_early(step: Step, path: Path, known: _Known, document: Document) -> Iterator[Problem]:
    """Values that are made when a step takes place cannot say which step it is, nor where it is told."""
    is_request = isinstance(step, RequestStep)
    early = _SENT if is_request else ("push",)
    for (name, *deeper), value in _templates(step):
        if name not in early:
            continue
        for place, text in placed_strings(value, (*path, name, *deeper)):
            for each in dict.fromkeys(_good_names(text)):
                variable = known.anew.get(each.rpartition(".")[2])
                if variable is not None and is_request:
                    what = f"no request is known by '${{{each}}}': {why_not_asked(variable)}"
                    advice = (
                        "Write what the client sends as a variable of its own, without 'make' and 'told'."
                    )
                    yield document.problem(place, what, help=advice)
                elif variable is not None:
                    what = f"no channel is called after '${{{each}}}': {why_not_asked(variable)}"
                    yield document.problem(place, what, help="Clients subscribe before it is known.")


def _untold(scenario: Scenario, anew: dict[str, Variable], document: Document) -> Iterator[Problem]:
    """In a session "this play" is the session: it has told nothing where it does not push such a field."""
    own = set(told_fields(scenario.session))
    absent = {
        name: each.told.field
        for name, each in anew.items()
        if each.told is not None and each.told.of == "play" and each.told.field not in own
    }
    for path, step in placed_steps(scenario):
        if not absent or path[0] != "session":
            continue
        for field, value in _templates(step):
            for place, text in placed_strings(value, (*path, *field)):
                for name in dict.fromkeys(_good_names(text)):
                    if name in absent and absent[name] in set(told_fields(scenario.steps)):
                        what = (
                            f"no push of the session tells a '{absent[name]}', so '${{{name}}}' is never any"
                        )
                        advice = (
                            f"'of: plays' in 'told' of '{name}' collects what the agent's plays have told."
                        )
                        yield document.problem(place, what, help=advice)


def _good_names(text: str) -> Iterator[str]:
    try:
        yield from templates.references(text)
    except ValueError:
        return  # It is told at its own place.


def _string(text: str, path: Path, known: _Known, document: Document) -> Iterator[Problem]:
    if "${" not in text:
        return
    try:
        names = list(templates.references(text))
    except ValueError as error:
        yield document.problem(path, str(error))
        return
    for name in dict.fromkeys(names):
        said = _unknown(name, known)
        if said:
            yield document.problem(path, said[0], help=said[1])


def _unknown(name: str, known: _Known) -> tuple[str, str] | None:
    """What is wrong with a reference, and what to do; None if it names something."""
    if name == templates.BASE_URL:
        return None
    step, dot, variable = name.partition(".")
    if not dot:
        if name in known.variables:
            return None
        advice = known.near_names.nearest(name) or "Add it to 'variables'; '$${' is a literal '${'."
        return f"'${{{name}}}' names no variable", advice
    if step not in known.steps:
        return f"'${{{name}}}' names no step '{step}'", known.near_steps.nearest(step)
    if variable not in known.variables:
        return f"'${{{name}}}' names no variable '{variable}'", known.near_variables.nearest(variable)
    if step not in known.mentioned:
        known.mentioned[step] = set(_mentioned(known.steps[step]))
    if variable not in known.mentioned[step]:
        holds = ", ".join(sorted(known.mentioned[step] & known.variables)) or "none"
        return f"step '{step}' has no variable '{variable}'", f"Variables it mentions: {holds}."
    return None
