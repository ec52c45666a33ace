"""Visitors come and go for an hour of a clock moved by hand, through trouble of every kind."""

from __future__ import annotations

from collections import Counter

import pytest

from replay.scenario.fault_files import load_faults
from replay.scenario.load import load
from tests.load.census import growing, grown
from tests.load.hour import ACCEPT, TROUBLE, live
from tests.load.visitor import Habits

BOUNDED = {
    *("Agents._gone", "Gone", "Agent.struck", "Switching._gone", "Brought._meanings", "Fault"),
    *("Misses._kept", "Misses._kinds", "Miss", "Closest", "Other"),
}
"""What fills, and is full at some thousands."""


def test_nothing_that_is_kept_grows_in_an_hour_of_visitors_and_faults() -> None:
    lived = live(60, 8)
    assert growing(lived.samples) == {}
    assert lived.seen.accepts > 200, vars(lived.seen)
    assert lived.forgotten > 40
    rules = {rule.name for rule in load_faults(TROUBLE, [load(ACCEPT)])}
    assert [name for name in rules if not lived.struck[name]] == []


def test_nothing_that_is_kept_grows_while_one_is_offered_one_chat_after_another() -> None:
    """Nobody leaves: what goes is the plays that are over, but for the latest 10,000 of their ids."""
    lived = live(20, 3, filled=False, habits=Habits(stays=7_200.0, often=5.0), faults=())
    assert growing(lived.samples).keys() <= BOUNDED
    assert lived.seen.visitors == 3
    assert lived.seen.accepts > 150, vars(lived.seen)


@pytest.mark.interpreted
def test_what_visitors_leave_behind_is_seen_where_they_are_not_forgotten() -> None:
    lived = live(30, 8, filled=False, agents_kept=1_000_000)
    assert lived.forgotten == 0
    known = {"Play", "Play._marks", "Agents._by_cookie", "Faulting._occurrences", "Rule.seen"}
    assert known <= growing(lived.samples).keys()


def test_what_goes_up_and_down_does_not_grow_and_what_goes_up_does() -> None:
    steady = [30, 45, 60, 75, 90, 95] * 3 + [40, 55, 70, 85, 100, 95]
    rising = [value + 5 * at for at, value in enumerate(steady)]
    samples = [Counter(steady=one, rising=other) for one, other in zip(steady, rising, strict=True)]
    assert list(growing(samples)) == ["rising"]
    assert grown(range(0, 71, 10)) == 70
