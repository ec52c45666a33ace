"""Steps of several scenarios of one story, laid side by side."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from replay.errors import RecordingError
from replay.profiles.profile import Profile
from replay.scenario.model import PushStep, Scenario, Step

Row = dict[int, Step]
"""One step as each of the recordings tells it, by the recording's place; absent where it has none."""

_NUMBERED = re.compile(r"(?<=.)-?\d+$")
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_ENOUGH = 0.5
"""Share of the steps that have to be alike for two recordings to tell one story."""

Key = tuple[str, ...]


def key_of(step: Step, profile: Profile) -> Key:
    """What a step has in common with the same step of another recording: no ids, no values, no times."""
    agent = step.agent or ""
    if isinstance(step, PushStep):
        return "push", agent, _REFERENCE.sub("$", step.push), _NUMBERED.sub("", step.id)
    operation = step.body.get(profile.operation_field) if isinstance(step.body, dict) else None
    return "request", agent, _REFERENCE.sub("$", step.request.partition("?")[0]), str(operation or "")


def aligned(parts: Sequence[Sequence[Step]], profile: Profile) -> list[Row]:
    """The steps of all recordings as rows, in the order of the first; what only others have in between."""
    rows: list[Row] = [{0: step} for step in parts[0]]
    for place, steps in enumerate(parts[1:], 1):
        ours = [key_of(next(iter(row.values())), profile) for row in rows]
        theirs = [key_of(step, profile) for step in steps]
        pairs = dict(_pairs(ours, theirs))
        rows = _joined(rows, steps, place, pairs)
    return rows


def _pairs(ours: list[Key], theirs: list[Key]) -> Iterator[tuple[int, int]]:
    """Which of theirs is which of ours: first what stands in the same order, then what only moved."""
    taken_ours, taken_theirs = set[int](), set[int]()
    for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            taken_ours.add(block.a + offset)
            taken_theirs.add(block.b + offset)
            yield block.b + offset, block.a + offset
    left: dict[Key, list[int]] = defaultdict(list)
    for at, key in enumerate(ours):
        if at not in taken_ours:
            left[key].append(at)
    for at, key in enumerate(theirs):
        if at not in taken_theirs and left[key]:
            yield at, left[key].pop(0)


def _joined(rows: list[Row], steps: Sequence[Step], place: int, pairs: dict[int, int]) -> list[Row]:
    after: dict[int, list[Row]] = defaultdict(list)
    latest = -1
    for at, step in enumerate(steps):
        if at in pairs:
            latest = pairs[at]
            rows[latest][place] = step
        else:
            after[latest].append({place: step})
    joined = list(after[-1])
    for at, row in enumerate(rows):
        joined += [row, *after[at]]
    return joined


def refuse_strangers(scenarios: Sequence[Scenario], rows: list[Row]) -> None:
    """Two recordings that hardly share a step tell two stories.

    Raises:
        RecordingError: which two, and where they part.
    """
    first = scenarios[0]
    for place, other in enumerate(scenarios[1:], 1):
        shared = sum(0 in row and place in row for row in rows)
        longest = max(len(first.steps), len(other.steps))
        if first.profile == other.profile and shared >= _ENOUGH * longest:
            continue
        names = [scenario.source.recording or scenario.name for scenario in (first, other)]
        raise RecordingError(
            f"{names[0]} and {names[1]} do not tell the same story: {_parting(rows, place, names)}"
        )


def _parting(rows: list[Row], place: int, names: list[str]) -> str:
    parted = [row for row in rows if (0 in row) != (place in row)]
    ours = next((row[0].id for row in parted if 0 in row), "")
    theirs = next((row[place].id for row in parted if place in row), "")
    if ours and theirs:
        return f"they part where the first has '{ours}' and the other '{theirs}'"
    if ours or theirs:
        return f"'{ours or theirs}' is in {names[0 if ours else 1]} alone"
    return "they are of two profiles"
