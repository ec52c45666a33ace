"""The same seed does the same to the same agent, however many others are there."""

from __future__ import annotations

import pytest

from replay.entries import Entry
from replay.faults.rules import Occasion, Rule
from replay.scenario.model import Fault, Where
from replay.simulator.striking import Striking, Whom
from tests.chances import interval

from .crowd import crowd

KINDS = {"latency", "status", "drop", "duplicate", "delay", "reorder", "unknown-client"}


def strikes(journals: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
    return {name: [each for each in entries if each.kind == "fault"] for name, entries in journals.items()}


def names(count: int) -> list[str]:
    return [f"agent{number}" for number in range(count)]


def alike(counts: tuple[int, int, int], runs: int) -> None:
    """Holds one agent, some one after another and many at once against each other, run after run."""
    alone, few, many = map(names, counts)
    known = crowd(many, seed=1)
    assert {str(each.detail["fault"]) for entries in strikes(known).values() for each in entries} == KINDS
    for _ in range(runs):
        for who, at_once in ((alone, False), (few, False), (many, True)):
            journals = crowd(who, seed=1, at_once=at_once)
            assert journals.keys() == set(who)
            for name in who:
                assert journals[name] == known[name]


@pytest.mark.live
def test_an_agent_meets_the_same_faults_alone_and_in_a_crowd() -> None:
    alike((1, 3, 20), runs=1)


@pytest.mark.live
def test_another_seed_is_another_run() -> None:
    few = names(5)
    one, other = strikes(crowd(few, seed=1)), strikes(crowd(few, seed=2))

    assert all(one[name] != other[name] for name in few)


@pytest.mark.full
@pytest.mark.live
def test_an_agent_meets_the_same_faults_alone_among_fifty_and_among_two_hundred_ten_times() -> None:
    alike((1, 50, 200), runs=10)


def test_a_chance_of_a_fifth_strikes_a_fifth_of_ten_thousand_times() -> None:
    striking = Striking(0)
    where = Where(step="look")
    striking.add(Rule(Fault(name="flaky", fault="status", chance="20%", where=where), "scenario"))
    occasion = Occasion(seam="request", subject="look", facts={"step": "look"})
    struck = 0
    for number in range(100):
        name = f"agent{number}"
        whom = Whom(key=name, label=name, names=frozenset({name}), elapsed=None)
        struck += sum(len(striking.strikes(occasion, whom, turn, now=0.0)) for turn in range(1, 101))

    lowest, highest = interval(10_000, 0.2)
    assert lowest <= struck <= highest
