"""Which step of one scenario is which of the other: by id, else by what it is and what it says."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from replay.scenario.model import RequestStep, Scenario, Step, is_set
from replay.verify.diff_names import skeleton

_REFERENCE = re.compile(r"\$\{[^}]*\}")
_NUMBERED = re.compile(r"-?\d+$")


class Placed(NamedTuple):
    """A step and the part of the file it stands in."""

    part: str
    """`session` or `steps`."""
    step: Step


class Matches(NamedTuple):
    """The steps of two scenarios, as places in the lists that were given."""

    pairs: list[tuple[int, int]]
    """In the order of the one."""
    only_a: list[int]
    only_b: list[int]


def placed(scenario: Scenario) -> list[Placed]:
    """All steps of a scenario, those of the session first."""
    session = [Placed("session", step) for step in scenario.session]
    return session + [Placed("steps", step) for step in scenario.steps]


def match(a: Sequence[Placed], b: Sequence[Placed]) -> Matches:
    """Finds who is who.

    Steps of one kind (what is asked of which path, what is pushed to which channel) are matched among
    themselves; whoever is left over is matched by id alone, as a step whose kind differs.
    """
    pairs: dict[int, int] = {}
    others: dict[str, list[int]] = {}
    for at, there in enumerate(b):
        others.setdefault(kind_of(there.step), []).append(at)
    groups: dict[str, list[int]] = {}
    for at, here in enumerate(a):
        groups.setdefault(kind_of(here.step), []).append(at)
    for kind, ours in groups.items():
        pairs.update(_match_group(a, ours, b, others.get(kind, [])))
    taken = set(pairs.values())
    left = {there.step.id: at for at, there in enumerate(b) if at not in taken}
    for at, here in enumerate(a):
        other = left.get(here.step.id)
        if at not in pairs and other is not None and type(here.step) is type(b[other].step):
            pairs[at] = other
    taken = set(pairs.values())
    only_a = [at for at in range(len(a)) if at not in pairs]
    return Matches(sorted(pairs.items()), only_a, [at for at in range(len(b)) if at not in taken])


def _match_group(
    a: Sequence[Placed], ours: list[int], b: Sequence[Placed], theirs: list[int]
) -> dict[int, int]:
    """Steps of one kind: those of one name among themselves, whatever their numbers, then the rest.

    Ids of repeated steps are numbered, so one step more moves the ids of all that follow.
    """
    pairs: dict[int, int] = {}
    families: dict[str, list[int]] = {}
    for at in theirs:
        families.setdefault(_family(b[at].step.id), []).append(at)
    own: dict[str, list[int]] = {}
    for at in ours:
        own.setdefault(_family(a[at].step.id), []).append(at)
    for name, members in own.items():
        pairs.update(_align(a, members, b, families.get(name, [])))
    taken = set(pairs.values())
    left = [at for at in ours if at not in pairs], [at for at in theirs if at not in taken]
    return pairs | _align(a, left[0], b, left[1])


def _align(a: Sequence[Placed], ours: list[int], b: Sequence[Placed], theirs: list[int]) -> dict[int, int]:
    """By id where all ids are the same; else by what they say, and what is left between those in order."""
    by_id = {b[at].step.id: at for at in theirs}
    if len(ours) == len(theirs) and all(a[at].step.id in by_id for at in ours):
        return {at: by_id[a[at].step.id] for at in ours}
    pairs: dict[int, int] = {}
    said = [_said(a[at].step) for at in ours], [_said(b[at].step) for at in theirs]
    for left, right in _between(pairs, ours, theirs, said):
        shapes = [_shape(a[at].step) for at in left], [_shape(b[at].step) for at in right]
        for still, other in _between(pairs, left, right, shapes):
            names = {b[at].step.id: at for at in other}
            named = {at: names[a[at].step.id] for at in still if a[at].step.id in names}
            taken = set(named.values())
            rest = [at for at in still if at not in named], [at for at in other if at not in taken]
            pairs |= named | dict(zip(*rest, strict=False))
    return pairs


def _between(
    pairs: dict[int, int], ours: list[int], theirs: list[int], said: tuple[list[str], list[str]]
) -> Iterator[tuple[list[int], list[int]]]:
    """Adds steps that say the same to `pairs`; yields what is left on both sides between them."""
    here = there = 0
    for block in difflib.SequenceMatcher(None, *said).get_matching_blocks():
        if here < block.a or there < block.b:
            yield ours[here : block.a], theirs[there : block.b]
        here, there = block.a + block.size, block.b + block.size
        pairs.update(zip(ours[block.a : here], theirs[block.b : there], strict=True))


def _family(name: str) -> str:
    """An id without the number at its end."""
    return _NUMBERED.sub("", name)


def kind_of(step: Step) -> str:
    """What a step is, whatever it is called and whoever it names."""
    if isinstance(step, RequestStep):
        target = step.request.partition("?")[0]
        return f"{_plain(target)} {_word(step.body if is_set(step.body) else None, 'operationName')}".strip()
    named = _word(step.data, "messageType"), _word(step.data, "notificationType"), _state(step.data)
    return " ".join(part for part in (f"push {_plain(step.push)}", *named) if part)


def _word(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _state(data: Any) -> str:
    """The state that an object within the event is said to be in."""
    inner = data.values() if isinstance(data, dict) else ()
    return next((each["state"] for each in inner if isinstance(each, dict) and _word(each, "state")), "")


def _said(step: Step) -> str:
    """What a step says, without names."""
    if isinstance(step, RequestStep):
        answers = [(answer.status, answer.body if is_set(answer.body) else None) for answer in step.respond]
        value: Any = [step.request, step.body if is_set(step.body) else None, answers]
    else:
        value = step.data
    return _plain(json.dumps(value, sort_keys=True))


def _shape(step: Step) -> str:
    """What a step says, of its words only the shape: pseudonyms keep that."""
    return skeleton(_said(step))


def _plain(text: str) -> str:
    return _REFERENCE.sub("${}", text)
