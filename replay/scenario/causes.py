"""Whether every step can happen: what it waits for exists, comes in time and does not wait for it in turn."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import Guesses, Problem
from replay.scenario.delays import span
from replay.scenario.model import PushStep, Scenario, Step, roles_of
from replay.scenario.reader import Document, Path
from replay.scenario.triggers import START, Trigger, parse_trigger
from replay.scenario.walk import placed_steps

_LONGEST_RING = 20
"""Steps of a ring that are named."""

_Waits = dict[str, list[str]]
_Steps = dict[str, tuple[Path, Step]]


def check_causes(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with `after:` of pushes, `needs:` of requests, and `until:` of both."""
    steps = {step.id: (path, step) for path, step in placed_steps(scenario)}
    first = roles_of(scenario)[0]

    def role(step: Step) -> str:
        return step.agent or first

    moments, needed = Guesses([START, *steps]), Guesses(steps)
    waits: _Waits = {}
    for path, step in placed_steps(scenario):
        if isinstance(step, PushStep):
            try:
                trigger = parse_trigger(step.after)
            except ValueError as error:
                yield document.problem((*path, "after"), str(error))
                continue
            yield from _trigger(trigger, (*path, "after"), steps, moments, document)
            causes = [moment.step for moment in trigger.moments]
            places: list[Path] = [(*path, "after")] * len(causes)
        else:
            causes = step.needs
            places = [(*path, "needs", at) for at in range(len(causes))]
            yield from _named(dict(zip(places, causes, strict=True)), steps, needed, document)
        ends: dict[Path, str] = {(*path, "until", at): name for at, name in enumerate(step.until)}
        yield from _named(ends, steps, needed, document)
        for place, end in ends.items():
            if end in causes:
                what = f"'{step.id}' can never happen: '{end}', which it waits for, ends it"
                yield document.problem(place, what)
        for cause, place in zip([*causes, *step.until], [*places, *ends], strict=True):
            if path[0] == "session" and cause in steps and steps[cause][0][0] == "steps":
                what = f"'{step.id}', of the session, cannot wait for '{cause}', a step of the story"
                advice = "The session happens once, whatever story comes."
                yield document.problem(place, what, help=advice)
            elif path[0] == "session" and cause in steps and role(steps[cause][1]) != role(step):
                what = f"'{step.id}' cannot wait for '{cause}', which is of another agent's session"
                yield document.problem(place, what, help="Steps of the story may wait for both.")
        waits[step.id] = [cause for cause in causes if cause in steps]
    for at, again in enumerate(scenario.again):
        yield from _again(again, ("again", at), scenario, steps, document)
    for ring in _rings(waits):
        path, step = steps[ring[0]]
        place = (*path, "after" if isinstance(step, PushStep) else "needs")
        yield document.problem(place, _say_ring(ring))


def _again(
    again: str, place: Path, scenario: Scenario, steps: _Steps, document: Document
) -> Iterator[Problem]:
    """Problems with what brings another play."""
    try:
        trigger = parse_trigger(again)
    except ValueError as error:
        yield document.problem(place, str(error))
        return
    yield from _trigger(trigger, place, steps, Guesses([START, *steps]), document)
    causes = [moment.step for moment in trigger.moments]
    if len(roles_of(scenario)) > 1:
        what = "'again' is for a play of one agent, and the steps name several"
        yield document.problem(place[:1], what, help="Have such plays offered: POST plays.", key=True)
    elif all(cause in steps and steps[cause][0][0] == "session" for cause in causes):
        what = f"'{again}' is of the session, which is the same for all plays"
        yield document.problem(place, what, help="Name a step of the story, or 'start'.")
    if span(trigger.delay)[1] <= 0:
        what = f"'{again}' would bring play after play in no time"
        yield document.problem(place, what, help=f"Write a delay: {causes[0]} + 20s.")


def _trigger(
    trigger: Trigger, path: Path, steps: _Steps, guesses: Guesses, document: Document
) -> Iterator[Problem]:
    for moment in trigger.moments:
        if moment.step == START:
            continue
        if moment.step not in steps:
            what = f"no step is called '{moment.step}'"
            yield document.problem(path, what, help=guesses.nearest(moment.step))
        elif moment.response and isinstance(steps[moment.step][1], PushStep):
            what = f"'{moment.step}' is a push, which has no response"
            yield document.problem(path, what, help=f"Write '{moment.step}'.")


def _named(names: dict[Path, str], steps: _Steps, guesses: Guesses, document: Document) -> Iterator[Problem]:
    for place, name in names.items():
        if name not in steps:
            what = f"no step is called '{name}'"
            yield document.problem(place, what, help=guesses.nearest(name))


def _say_ring(ring: list[str]) -> str:
    if len(ring) == 1:
        return f"'{ring[0]}' waits for itself"
    names = ring if len(ring) <= _LONGEST_RING else [*ring[:3], f"… {len(ring) - 4} more …", ring[-1]]
    return f"these steps wait for each other, so none can happen: {' → '.join([*names, ring[0]])}"


def _rings(waits: _Waits) -> Iterator[list[str]]:
    """Chains of waiting that end where they began, each told once, from its first step in the file."""
    order = {name: at for at, name in enumerate(waits)}
    finished: set[str] = set()
    for root in waits:
        if root in finished:
            continue
        # A dict keeps the order of the chain and finds a step in one of thousands at once.
        chain = {root: iter(waits[root])}
        while chain:
            last = next(reversed(chain))
            following = next(chain[last], None)
            if following is None:
                finished.add(last)
                chain.pop(last)
            elif following in chain:
                names = list(chain)
                ring = names[names.index(following) :]
                first = min(range(len(ring)), key=lambda at: order[ring[at]])
                yield ring[first:] + ring[:first]
            elif following not in finished and following in waits:
                chain[following] = iter(waits[following])
