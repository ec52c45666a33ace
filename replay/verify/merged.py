"""What was found of several roles of one story, as one."""

from __future__ import annotations

from collections.abc import Sequence

from replay.scenario.model import Scenario
from replay.verify.report import Verdict, Verification

_WORST: tuple[Verdict, ...] = ("fail", "inconclusive", "pass")


def merged(found: Sequence[Verification], scenario: Scenario) -> Verification:
    """One of them all: it fails if one does, and passes if all do.

    Args:
        found: One of each role that was played, at least one.
        scenario: The story they play.
    """
    # Who has nothing to do in it has nothing to say of it.
    found = [each for each in found if each.steps or each.differences] or found[:1]
    if len(found) == 1:
        return found[0]
    order = {step.id: at for at, step in enumerate((*scenario.session, *scenario.steps))}
    last = len(order)
    return Verification(
        scenario=found[0].scenario,
        verdict=min((each.verdict for each in found), key=_WORST.index),
        why="; ".join(dict.fromkeys(filter(None, (each.why for each in found)))),
        # What is no step stays behind the differences of its role.
        differences=tuple(
            sorted(
                (each for one in found for each in one.differences),
                key=lambda each: order.get(each.step, last),
            )
        ),
        steps=tuple(
            sorted((step for one in found for step in one.steps), key=lambda each: order.get(each.step, last))
        ),
        troubles=tuple(dict.fromkeys(trouble for one in found for trouble in one.troubles)),
        ignored=sum(each.ignored for each in found),
    )
