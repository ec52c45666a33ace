"""Rules that are switched while the simulator runs, on a clock moved by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.errors import ReplayError, ScenarioError, UsageError
from replay.simulator.switching import NoSuchRuleError, Standing

from .stories import STEPS, Told

LATE = {"name": "late", "fault": "latency", "where": {"step": "look"}, "settings": {"delay": "2s"}}


class Steered(Told):
    """A desktop at work, and somebody who switches faults."""

    def __init__(self, faults: str = "[]", *, steps: str = STEPS) -> None:
        super().__init__(faults, steps=steps)
        self.joins()

    def puts_up(self, value: Any) -> list[str]:
        """The names of what is up then."""
        rules = self.script.steer(lambda rules, now: rules.put_up(value, now), f"put up {value}")
        return [rule.name for rule in rules]

    def changes(self, name: str, **changes: Any) -> None:
        self.script.steer(lambda rules, now: rules.change(name, changes, now), f"change {name}: {changes}")

    def takes_down(self, name: str) -> None:
        self.script.steer(lambda rules, now: rules.take_down(name, now), f"take down {name}")

    @property
    def standing(self) -> list[Standing]:
        return self.script.simulator.switching.standing(self.script.now)

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.standing]

    def looks(self) -> float:
        """How long the answer takes."""
        began = self.script.now
        exchange = self.desktop.get("/api/v2/me")
        self.script.advance(10)
        return round(self.script.answer(exchange).at - began, 3)

    @property
    def switched(self) -> list[tuple[str, str]]:
        """What the journal says of switches."""
        entries = (entry for entry in self.script.simulator.journal if entry.kind == "switch")
        return [(entry.detail["rule"], entry.detail["switched"]) for entry in entries]


def test_a_fault_strikes_from_when_it_is_put_up_until_it_is_taken_down() -> None:
    chat = Steered()
    before = chat.looks()
    chat.puts_up(LATE)
    during = chat.looks()
    chat.takes_down("late")

    assert (before, during, chat.looks()) == (0.01, 2.01, 0.01)
    assert chat.switched == [("late", "on"), ("late", "deleted")]


def test_its_time_counts_from_the_call_and_then_it_is_gone() -> None:
    chat = Steered()
    chat.script.advance(5)
    chat.puts_up(LATE | {"ttl": "15s"})
    chat.script.advance(5)

    assert [each.ttl_left for each in chat.standing] == [10.0]
    assert chat.looks() == 2.01
    assert chat.names == []
    assert chat.looks() == 0.01
    assert chat.switched == [("late", "on"), ("late", "over")]
    assert chat.script.simulator.switching.tallies() == {"late": 1}


def test_a_rule_of_the_scenario_whose_time_has_run_out_stays_and_says_so() -> None:
    chat = Steered("[{name: slow, fault: latency, ttl: 5s}]")
    chat.script.advance(5)

    assert [(each.name, each.over, each.ttl_left) for each in chat.standing] == [("slow", True, 0.0)]


def test_what_stands_says_where_it_comes_from_and_how_often_it_struck_whom() -> None:
    chat = Steered("[{name: drop, fault: drop, where: {step: history}}]")
    chat.puts_up(LATE | {"nth": [2]})
    chat.looks()
    chat.looks()
    late, drop = chat.standing

    assert (late.source, late.scenario, late.on, late.over) == ("run time", "", True, False)
    assert (late.seen, late.struck, late.agents) == (2, 1, {"ann": 1})
    assert (late.where.step, late.settings, late.nth, late.ttl_left) == ("look", {"delay": "2s"}, [2], None)
    assert (drop.source, drop.scenario, drop.struck) == ("scenario", "story", 0)


def test_a_rule_that_is_off_counts_nothing_until_it_is_on_again() -> None:
    chat = Steered()
    chat.puts_up(LATE | {"nth": [2]})
    chat.looks()
    chat.changes("late", on=False)
    off = chat.looks()
    chat.changes("late", on=True)

    assert (off, chat.looks()) == (0.01, 2.01)
    assert chat.switched == [("late", "on"), ("late", "off"), ("late", "on")]


def test_a_rule_of_the_scenario_is_switched_off_too() -> None:
    chat = Steered("[{name: slow, fault: latency, where: {step: look}}]")
    chat.changes("slow", on=False)

    assert chat.looks() == 0.01


def test_single_settings_change_in_the_middle_and_the_others_stay() -> None:
    chat = Steered()
    chat.puts_up({"fault": "status", "where": {"step": "look"}, "settings": {"status": 503, "text": "busy"}})
    chat.changes("status", settings={"status": 500})
    exchange = chat.desktop.get("/api/v2/me")
    chat.script.advance(1)
    answer = chat.script.answer(exchange)

    assert (answer.status, answer.body) == (500, b"busy")
    chat.changes("status", settings={"text": None})
    assert chat.standing[0].settings == {"status": 500}


def test_a_chance_that_is_taken_back_is_always() -> None:
    chat = Steered()
    chat.puts_up(LATE | {"chance": "0.001%"})
    rarely = chat.looks()
    chat.changes("late", chance=None)

    assert (rarely, chat.looks()) == (0.01, 2.01)


def test_another_ttl_counts_from_the_change_and_an_older_one_ends_nothing() -> None:
    chat = Steered()
    chat.puts_up(LATE | {"ttl": "10s"})
    chat.script.advance(8)
    chat.changes("late", ttl="10s")
    chat.script.advance(8)
    assert chat.names == ["late"]
    chat.script.advance(2)
    assert chat.names == []


def test_a_ttl_that_is_taken_back_never_runs_out() -> None:
    chat = Steered()
    chat.puts_up(LATE | {"ttl": "10s"})
    chat.changes("late", ttl=None)
    chat.script.advance(3600)

    assert chat.names == ["late"]


def test_a_rule_whose_time_is_over_is_not_switched_on_without_another() -> None:
    chat = Steered("[{name: slow, fault: latency, where: {step: look}, ttl: 5s}]")
    chat.script.advance(5)
    chat.changes("slow", on=False)

    with pytest.raises(UsageError, match=r"the time of 'slow' has run out. Give it another 'ttl' too"):
        chat.changes("slow", on=True)
    chat.changes("slow", on=True, ttl="1h")
    assert chat.looks() == 1.01


@pytest.mark.parametrize(
    "ends", [lambda chat: chat.takes_down("refuse"), lambda chat: chat.changes("refuse", on=False)]
)
def test_a_server_that_refuses_is_reached_again_as_soon_as_the_rule_goes(ends: Any) -> None:
    chat = Steered()
    chat.puts_up({"fault": "refuse", "ttl": "1h"})
    assert not chat.script.is_open
    ends(chat)

    assert chat.script.is_open


def test_what_was_sent_across_a_parted_network_arrives_as_soon_as_the_rule_goes() -> None:
    chat = Steered()
    chat.puts_up({"fault": "partition", "ttl": "1h"})
    held = chat.desktop.connect()
    chat.script.advance(2)
    assert chat.script.waits(held)
    chat.takes_down("partition")

    assert chat.heard == [(2.0, "Invited")]


def test_an_outage_that_was_switched_on_again_is_not_ended_by_the_first_ones_time() -> None:
    chat = Steered()
    chat.puts_up({"fault": "refuse", "ttl": "10s"})
    chat.changes("refuse", on=False)
    chat.script.advance(5)
    chat.changes("refuse", on=True)
    chat.script.advance(6)
    assert not chat.script.is_open
    chat.script.advance(4)

    assert chat.script.is_open
    assert chat.names == []


def test_the_time_of_an_outage_is_changed_while_it_goes_on() -> None:
    chat = Steered()
    chat.puts_up({"fault": "refuse", "ttl": "1h"})
    chat.changes("refuse", ttl="5s")
    assert [each.ttl_left for each in chat.standing] == [5.0]
    chat.script.advance(5)

    assert chat.script.is_open


def test_at_run_time_comes_before_the_scenario() -> None:
    chat = Steered("[{name: slow, fault: latency, where: {step: look}, settings: {delay: 9s}}]")
    chat.puts_up(LATE)
    before = chat.looks()
    chat.takes_down("late")

    assert (before, chat.looks()) == (2.01, 9.01)


def test_a_rule_takes_the_place_of_one_of_its_name() -> None:
    chat = Steered("[{name: late, fault: drop, where: {step: history}}]")
    chat.puts_up(LATE)
    chat.takes_down("late")

    assert [(each.name, each.source) for each in chat.standing] == [("late", "scenario")]


def test_faults_without_a_name_are_told_apart() -> None:
    chat = Steered()

    assert chat.puts_up({"fault": "latency", "where": {"step": "look"}}) == ["latency"]
    assert chat.puts_up({"fault": "latency", "where": {"step": "accept"}}) == ["latency-2"]


def test_a_preset_is_put_up_for_a_time() -> None:
    chat = Steered()
    names = chat.puts_up({"preset": "overloaded", "ttl": "10s"})

    assert names == ["overloaded-slow", "overloaded-busy", "overloaded-polls"]
    chat.script.advance(10)
    assert chat.names == []


def test_all_that_was_put_up_is_cleared_and_the_scenarios_stay() -> None:
    chat = Steered("[{name: slow, fault: latency}]")
    chat.puts_up(LATE)
    chat.puts_up({"preset": "flaky"})
    chat.script.steer(lambda rules, now: rules.clear(now), "clear")

    assert chat.names == ["slow"]


def test_an_event_of_a_socket_that_stood_before_is_held_to_a_rule_put_up_since() -> None:
    chat = Told("[]")
    chat.joins(socket=True)
    slow = {"fault": "bandwidth", "settings": {"rate": "10B/s"}}
    chat.script.steer(lambda rules, now: rules.put_up(slow, now), "bandwidth")
    chat.script.advance(2)
    assert chat.heard == []
    chat.script.advance(30)

    assert [state for _, state in chat.heard] == ["Invited"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"fault": "latncy"}, "unknown fault 'latncy'.\n  Did you mean 'latency'?"),
        (LATE | {"settings": {"dely": "1s"}}, "'latency' has no setting 'dely'.\n  Did you mean 'delay'?"),
        (LATE | {"where": {"step": "loook"}}, "no step is called 'loook'.\n  Did you mean 'look'?"),
        (LATE | {"chance": "101%"}, "'101%' is no chance; write it as 20%"),
        (LATE | {"ttl": "soon"}, "fault.ttl: "),
        ({"fault": "refuse"}, "Say 'ttl: 10s', or give control a port of its own"),
        ({"preset": "flakey"}, "unknown preset 'flakey'.\n  Did you mean 'flaky'?"),
        ({"preset": "flaky", "ttl": "soon"}, "fault[0].ttl: "),
        ({"preset": "flaky", "chance": "1%"}, "beside 'preset' there may be a 'ttl', and no 'chance'"),
        (["latency"], "must be a mapping"),
        ("latency", "this is not a list of faults"),
    ],
)
def test_what_cannot_be_applied_is_refused_and_nothing_is_put_up(value: Any, why: str) -> None:
    chat = Steered()

    with pytest.raises(ReplayError) as refused:
        chat.puts_up(value)
    assert why in str(refused.value)
    assert chat.names == []


def test_what_contradicts_a_rule_that_is_up_is_refused() -> None:
    chat = Steered()
    chat.puts_up({"fault": "status", "where": {"step": "look"}})

    with pytest.raises(ScenarioError, match="'hang'"):
        chat.puts_up({"fault": "hang", "where": {"step": "look"}})
    with pytest.raises(ReplayError, match="two faults are called 'status'"):
        chat.puts_up({"name": "status", "fault": "latency", "where": {"step": "accept"}})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"settings": {"delay": "soon"}}, "fault.settings.delay: "),
        ({"chance": "0%"}, "'0%' is no chance"),
        ({"fault": "hang"}, "the 'fault' of a fault cannot be changed"),
        ({"tll": "1s"}, "the 'tll' of a fault cannot be changed. Did you mean 'ttl'?"),
        ({"on": "yes"}, "'on' is true or false"),
        ({}, "changes are a mapping of some of on, ttl, chance, settings"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_all_stays(changes: Any, why: str) -> None:
    chat = Steered()
    chat.puts_up(LATE)
    before = chat.standing

    with pytest.raises(ReplayError) as refused:
        chat.changes("late", **changes)
    assert why in str(refused.value)
    assert chat.standing == before


def test_a_name_that_nobody_has_is_answered_with_the_nearest() -> None:
    chat = Steered()
    chat.puts_up(LATE)

    with pytest.raises(NoSuchRuleError, match=r"no fault is called 'lete'. Did you mean 'late'\?"):
        chat.changes("lete", on=False)


def test_what_a_scenario_says_is_not_taken_down() -> None:
    chat = Steered("[{name: slow, fault: latency}]")

    with pytest.raises(UsageError, match=r"'slow' comes from a scenario. Switch it off instead"):
        chat.takes_down("slow")


def test_the_same_calls_at_the_same_moments_make_the_same_journal() -> None:
    def play() -> bytes:
        chat = Steered("[{name: drop, fault: drop, chance: 50%}]")
        chat.puts_up({"preset": "flaky"})
        for _ in range(5):
            chat.desktop.get("/api/v2/me")
            chat.script.advance(1)
        chat.changes("flaky-status", chance="90%")
        chat.accepts()
        chat.polls_for(2)
        return chat.script.simulator.journal.lines()

    assert play() == play()


TURNS = ["refuse", "partition", "late", "off", "on", "longer", "gone", "look", "wait"]


@settings(max_examples=80, deadline=None)
@given(turns=st.lists(st.tuples(st.sampled_from(TURNS), st.sampled_from(["refuse", "partition", "late"]))))
def test_whatever_was_switched_once_all_is_cleared_everybody_is_served(turns: list[tuple[str, str]]) -> None:
    chat = Steered()
    asked = []
    for turn, name in turns:
        try:
            match turn:
                case "refuse" | "partition":
                    chat.puts_up({"name": turn, "fault": turn, "ttl": "3s"})
                case "late":
                    chat.puts_up(LATE | {"ttl": "3s"})
                case "off" | "on":
                    chat.changes(name, on=turn == "on")
                case "longer":
                    chat.changes(name, ttl="5s")
                case "gone":
                    chat.takes_down(name)
                case "look":
                    asked.append(chat.desktop.get("/api/v2/me"))
                case _:
                    chat.script.advance(1)
        except ReplayError:
            # Names that are taken, or that nobody has.
            continue
    chat.script.steer(lambda rules, now: rules.clear(now), "clear")

    assert chat.script.is_open, str(chat.script)
    assert not chat.script.simulator.outages.is_parted
    chat.script.advance(3)
    assert [chat.script.answer(exchange).body for exchange in asked] == ["me"] * len(asked)
    assert chat.looks() == 0.01
    assert chat.names == []


def test_what_came_before_a_rule_was_put_up_counts_where_its_strikes_are_told() -> None:
    chat = Steered()
    chat.puts_up({"fault": "handshake-refused"})
    chat.desktop.handshake()

    # As a rule counts them that stands in the scenario from the beginning.
    assert [strike["occurrence"] for strike in chat.strikes] == [2]
