"""Whether events came when the scenario says: after what set them off, within what their steps allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from replay.plan.intervals import interval
from replay.scenario.model import PushStep, Scenario
from replay.scenario.triggers import START, Moment, parse_trigger
from replay.verify.role import Seen


class Timing(msgspec.Struct, frozen=True):
    """When one event came, in seconds after the last of what set it off."""

    step: str
    after: float
    off: float
    """By how much that is too late; below zero: too early."""


def punctuality(scenario: Scenario, seen: Iterable[Seen]) -> list[Timing]:
    """The timing of each event that one agent saw, in the order seen.

    Events whose cause the agent did not see, since it is another role's, are left out.
    """
    pushes = {step.id: step for step in (*scenario.session, *scenario.steps) if isinstance(step, PushStep)}
    times: dict[Moment, list[float]] = defaultdict(list)
    times[Moment(START)].append(0.0)
    found = []
    for each in seen:
        if each.kind == "event" and each.step in pushes:
            step = pushes[each.step]
            turn = len(times[Moment(step.id)])
            causes = [times[moment] for moment in parse_trigger(step.after).moments]
            if all(len(cause) > turn for cause in causes):
                after = each.at - max(cause[turn] for cause in causes)
                found.append(Timing(step.id, after, interval(step).misses(after)))
        if each.step:
            times[Moment(each.step, response=each.kind == "answer")].append(each.at)
    return found
