"""Entries of `expect:`: what each means, in words too, and whether it can be so at all."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import Guesses, Problem
from replay.scenario.durations import parse_duration
from replay.scenario.model import Expected, Scenario, roles_of
from replay.scenario.reader import Document, Path
from replay.scenario.walk import placed_steps

_COUNTS = ("never", "once", "twice")
_OF_A_STEP = ("times", "at_least", "at_most", "after", "within")


def in_times(count: int) -> str:
    """A count in words: `never`, `once`, `twice`, `3 times`."""
    return _COUNTS[count] if 0 <= count < len(_COUNTS) else f"{count:,} times"


def in_misses(count: int) -> str:
    """So many misses, in words."""
    return f"{count:,} {'miss' if count == 1 else 'misses'}"


def bounds(wanted: Expected) -> tuple[int, int | None]:
    """How often a step must take place, at least and at most; at least once where nothing says how often."""
    if wanted.times is not None:
        return wanted.times, wanted.times
    if wanted.at_least is not None:
        return wanted.at_least, wanted.at_most
    return (0, wanted.at_most) if wanted.at_most is not None else (1, None)


def often(wanted: Expected) -> str:
    """How often, in words: `once`, `from 1 to 3 times`."""
    least, most = bounds(wanted)
    if most is None:
        return f"at least {in_times(least)}"
    if least == most:
        return in_times(most)
    return f"from {least} to {most} times" if least else f"at most {in_times(most)}"


def words(wanted: Expected) -> str:
    """All that is expected, in words: `accept once`, `chatting within 200ms after accept`."""
    whose = f" of {wanted.agent}" if wanted.agent else ""
    if not wanted.step:
        return f"{f'at most {in_misses(wanted.misses)}' if wanted.misses else 'no misses'}{whose}"
    said = f"{wanted.step}{whose}"
    if not wanted.after or bounds(wanted) != (1, None):
        said += f" {often(wanted)}"
    if wanted.after:
        said += f"{f' within {wanted.within}' if wanted.within else ''} after {wanted.after}"
    return said


def contradiction(wanted: Expected) -> tuple[str, str] | None:
    """What is wrong with the counts of an entry, and the key where; None if nothing is."""
    both = next((name for name in ("at_least", "at_most") if getattr(wanted, name) is not None), "")
    if wanted.times is not None and both:
        return f"'times' says already how often: '{both}' has no use", both
    least, most = bounds(wanted)
    if most is not None and least > most:
        return f"'at_least' is {least} and 'at_most' only {most}", "at_most"
    return None


def check_expectations(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with the entries of `expect:`."""
    if not scenario.expect:
        return
    roles = roles_of(scenario)
    whose = {step.id: step.agent or roles[0] for _, step in placed_steps(scenario)}
    known = Guesses(whose)
    for at, wanted in enumerate(scenario.expect):
        path: Path = ("expect", at)
        if not wanted.step:
            yield from _of_misses(wanted, path, document)
            continue
        if wanted.misses is not None:
            what = "a step and misses are expected in one entry"
            yield document.problem((*path, "misses"), what, help="Make two entries of it.", key=True)
        for name in ("step", "after"):
            step = getattr(wanted, name)
            if step and step not in whose:
                yield document.problem((*path, name), f"there is no step '{step}'", help=known.nearest(step))
        found = contradiction(wanted)
        if found is not None:
            yield document.problem((*path, found[1]), found[0], help="Leave out one of them.", key=True)
        yield from _order(wanted, path, document)
        # Whoever is no role may be the name of an agent who comes.
        if wanted.agent in roles and whose.get(wanted.step, wanted.agent) != wanted.agent:
            what = f"'{wanted.step}' is a step of '{whose[wanted.step]}', not of '{wanted.agent}'"
            yield document.problem((*path, "agent"), what)


def _of_misses(wanted: Expected, path: Path, document: Document) -> Iterator[Problem]:
    given = [name for name in _OF_A_STEP if getattr(wanted, name) not in {None, ""}]
    if wanted.misses is None:
        what = f"expectation {int(path[1]) + 1} names no step"
        yield document.problem(path, what, help="Write 'step: ID', or 'misses: 0'.")
    elif given:
        what = f"'{given[0]}' is said of steps, and this expects misses"
        yield document.problem((*path, given[0]), what, help="Make two entries of it.", key=True)


def _order(wanted: Expected, path: Path, document: Document) -> Iterator[Problem]:
    if wanted.within and not wanted.after:
        what = "'within' does not say after which step"
        yield document.problem((*path, "within"), what, help="Add 'after: STEP'.", key=True)
    if wanted.after and wanted.after == wanted.step:
        what = f"'{wanted.step}' cannot come after itself"
        yield document.problem((*path, "after"), what)
    elif wanted.after and bounds(wanted)[1] == 0:
        what = f"'{wanted.step}' is never to take place, so 'after' has no use"
        yield document.problem((*path, "after"), what, help="Leave out one of them.", key=True)
    if wanted.within:
        try:
            parse_duration(wanted.within)
        except ValueError as error:
            yield document.problem((*path, "within"), str(error))
