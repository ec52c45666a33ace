"""What `replay verify` found: for people, for programs, and for CI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from rich.text import Text

from replay.account import printable
from replay.cli.differences import blocks, counted, named, sentence, told
from replay.cli.junit import Case
from replay.cli.printing import Line
from replay.drive.access import MASK, Hidden
from replay.scenario.model import Scenario
from replay.server.logs.masks import clean_text, is_secret
from replay.verify.diff_values import ABSENT
from replay.verify.report import Difference, Verification

EXERCISED = "the target can be exercised"
NOTHING_ELSE = "nothing else comes"
"""Test cases beside those of the steps: there in every run, so that CI can follow them."""

_TROUBLES = 3
"""Troubles that are named below the first line."""


class Held(NamedTuple):
    """What was found, and what it was found of; without secrets once it is `clean`."""

    found: Verification
    scenario: Scenario
    file: str
    target: str


def clean(found: Verification, hidden: Hidden) -> Verification:
    """The same without what must stand in no report, though the target may have said it anywhere."""
    differences = tuple(
        msgspec.structs.replace(
            each,
            field=hidden.without(each.field),
            a=hidden.cleaned(each.a),
            b=_masked(each.field, hidden.cleaned(each.b)),
        )
        for each in found.differences
    )
    why, *troubles = (clean_text(hidden.without(each)) for each in (found.why, *found.troubles))
    return msgspec.structs.replace(found, differences=differences, why=why, troubles=tuple(troubles))


def _masked(field: str, value: object) -> object:
    """What the target calls a secret is one, whatever its name says of it in the scenario."""
    if value != ABSENT and any(map(is_secret, field.split("."))):
        return MASK
    if isinstance(value, dict):
        return {name: _masked(name, each) for name, each in value.items()}
    return [_masked("", each) for each in value] if isinstance(value, list) else value


def lines(held: Held) -> Iterator[Line]:
    """The report for a person; the first line says what to do."""
    found = held.found
    yield Text(printable(_headline(held)), style="bold")
    if found.verdict == "fail" and found.why:
        yield Text(printable(f"  it ended before all was seen: {found.why}"), style="dim")
    troubles = [each for each in found.troubles if each not in found.why]
    if found.verdict != "pass" and troubles:
        more = f"; and {len(troubles) - _TROUBLES} more" if len(troubles) > _TROUBLES else ""
        told_of = f"  CometD failed meanwhile: {'; '.join(troubles[:_TROUBLES])}{more}"
        yield Text(printable(told_of), style="dim")
    reached = [each.step for each in found.steps if each.outcome in {"same", "differs"}]
    if found.verdict == "inconclusive" and reached:
        yield Text(
            f"  reached until then: {len(reached):,} of {len(found.steps):,} steps, the last {reached[-1]}"
        )
    if found.ignored:
        yield Text(f"  left out: {counted(found.ignored, 'difference')}, as the scenario says", style="dim")
    steps = (*held.scenario.session, *held.scenario.steps)
    yield from told(found.differences, steps, (), (held.file, held.target))


def _headline(held: Held) -> str:
    found, where = held.found, f"{held.target} plays {held.found.scenario}"
    steps = counted(len(found.steps), "step")
    if found.verdict == "pass":
        return f"PASS: {where} as {held.file} says, {steps}"
    if found.verdict == "inconclusive":
        return f"INCONCLUSIVE: {found.why}. {_advice(found)}"
    names = named(blocks(found.differences))
    what = counted(len(found.differences), "difference") + (f" at {names}" if names else "")
    return f"FAIL: {what}: mend {held.target}, or if it is right, change {held.file}"


def _advice(found: Verification) -> str:
    """What to do about a run that tells nothing."""
    why = found.why
    if "no credentials are set" in why:
        return "Set REPLAY_USER and REPLAY_PASSWORD, or REPLAY_AUTHORIZATION."
    if "refused the login" in why:
        return "See that its name and password are right."
    if "the server refused" in why:
        return "See that the login may do this; the target's log says why it may not."
    if "certificate" in why:
        return "--insecure accepts it, --target-ca names its authority."
    if "interrupted" in why:
        return "Let it run to its end."
    if "was answered" in why or "cannot be reached" in why:
        return "See that --target is the right server, and that it runs."
    if "never came" in why or ("did not come" in why and not found.troubles):
        return "See that somebody causes it; --patience waits longer."
    return "See that the target runs, and what its log says; --patience waits longer."


def row(held: Held, order: str) -> dict[str, object]:
    """The report for a program: everything."""
    fields = {name: getattr(held.found, name) for name in held.found.__struct_fields__}
    return {"file": held.file, "target": held.target, "order": order, **fields}


def cases(held: Held) -> list[Case]:
    """A test case for each step, and two of the run as a whole."""
    found = held.found
    inconclusive = found.verdict == "inconclusive"
    exercised = Case(
        name=EXERCISED,
        outcome="error" if inconclusive else "passed",
        told=(f"inconclusive: {found.why}", _advice(found)) if inconclusive else (),
    )
    by_step: dict[str, list[Difference]] = {}
    for each in found.differences:
        by_step.setdefault(each.step, []).append(each)
    all_cases = [exercised]
    for outcome in found.steps:
        differences = by_step.pop(outcome.step, [])
        took = outcome.took or 0.0
        if differences:
            said = tuple(map(sentence, differences))
            all_cases.append(Case(name=outcome.step, outcome="failure", told=said, took=took))
        elif outcome.outcome == "not reached":
            all_cases.append(Case(name=outcome.step, outcome="skipped", told=(f"not reached: {found.why}",)))
        else:
            all_cases.append(Case(name=outcome.step, took=took))
    beside = [sentence(each) for differences in by_step.values() for each in differences]
    all_cases.append(Case(name=NOTHING_ELSE, outcome="failure" if beside else "passed", told=beside))
    return all_cases


def properties(held: Held, order: str) -> dict[str, str]:
    """What else is known of the run."""
    return {"scenario": held.file, "target": held.target, "order": order, "verdict": held.found.verdict}
