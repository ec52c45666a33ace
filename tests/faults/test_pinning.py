"""The faults of a run made explicit: the same run again, with nothing left to chance."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.entries import Entry, Head, Kept
from replay.errors import UsageError
from replay.faults.pinning import Pinned, pinned
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import Fault, Scenario
from replay.simulator.directing import tell
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

from .stories import ACCEPT, STEPS

BY_CHANCE = """
  - {name: slow, fault: latency, where: {step: accept}, settings: {delay: "uniform(1ms, 90ms)"}, chance: 60%}
  - {name: flaky, fault: status, where: {path: /api/v2/me/chats/1}, chance: 40%}
  - {name: lossy, fault: drop, where: {channel: /chats}, chance: 25%}
  - {name: twice, fault: duplicate, where: {step: history}, settings: {gap: "uniform(1ms, 9ms)"}, chance: 40%}
  - {name: late, fault: delay, where: {channel: /chats}, settings: {by: "uniform(1ms, 300ms)"}, chance: 40%}
  - {name: swapped, fault: reorder, where: {channel: /chats}, chance: 20%}
  - {name: shy, fault: handshake-refused, where: {meta: handshake}, chance: 40%}
  - {name: picky, fault: subscribe-refused, where: {meta: subscribe}, chance: 30%}
  - {name: together, fault: batch, where: {channel: /chats}, settings: {window: 151.7ms}, chance: 40%}
  - {name: gone, fault: unknown-client, where: {step: look}, chance: 50%}
"""


SLOW_TWICE = (
    '{name: slow, fault: latency, where: {step: accept}, settings: {delay: "uniform(1ms, 9ms)"}, first: 2}'
)


AGAIN = STEPS.replace(
    "request: POST /api/v2/me/chats/1", "repeat: cycle\n    request: POST /api/v2/me/chats/1"
)


def told(faults: str, *, name: str = "story") -> Scenario:
    return scenario(f"faults: {faults}\n{AGAIN}", name=name)


class Run:
    """Some desktops that come back whatever happens to them."""

    def __init__(
        self, *played: Scenario, seed: int = 0, users: tuple[str, ...] = ("ann",), **how: Any
    ) -> None:
        self.script = Script(*played, options=Options(seed=seed, **how))
        self.desktops = [self.script.desktop(user) for user in users]
        for desktop in self.desktops:
            self._joins(desktop)
        for _ in range(4):
            for desktop in self.desktops:
                self._works(desktop)

    def _joins(self, desktop: Desktop) -> None:
        before = desktop.client_id
        while desktop.client_id == before:
            desktop.handshake()
            self.script.advance(0.01)
        while not self._is_heard(desktop.subscribe("/chats")):
            self.script.advance(0.01)

    def _is_heard(self, exchange: int) -> bool:
        self.script.advance(0.01)
        replies = self.script.answer(exchange).body
        return any(reply.get("successful") for reply in replies)

    def _works(self, desktop: Desktop) -> None:
        clients = self.script.simulator.bayeux.clients
        for _ in range(3):
            desktop.post("/api/v2/me/chats/1", ACCEPT)
            self.script.advance(0.2)
            desktop.connect(advice={"timeout": 0})
        desktop.get("/api/v2/me")
        self.script.advance(2.1)
        if desktop.client_id not in clients:
            self._joins(desktop)
        desktop.connect(advice={"timeout": 0})

    def kept(self, *names: str) -> Kept:
        """Its journal, as a file has it."""
        journal = self.script.simulator.journal
        head = Head(replay="1", scenarios=list(names or ("story",)), seed=0, speed=1.0)
        return Kept(head=head, entries=tuple(journal), is_cut=False)

    @property
    def happened(self) -> list[Entry]:
        """Its journal, but for draws, what rules are called, and strikes that changed nothing."""
        journal = self.script.simulator.journal
        return [_nameless(entry) for entry in journal if "nothing" not in entry.detail.get("changed", "")]


def _nameless(entry: Entry) -> Entry:
    detail = {name: value for name, value in entry.detail.items() if name not in {"draw", "rule"}}
    if "faults" in detail:
        detail["faults"] = len(detail["faults"])
    return msgspec.structs.replace(entry, number=0, detail=detail)


def explicit(found: Pinned, *, name: str = "story") -> Scenario:
    """The story with these faults, once through a file."""
    return loads(dumps(msgspec.structs.replace(told("[]", name=name), faults=found.faults)))


@pytest.mark.parametrize("users", [("ann",), ("ann", "bob", "")], ids=["one agent", "three agents"])
@pytest.mark.parametrize("seed", range(8))
def test_a_pinned_run_goes_as_the_one_that_chance_made(seed: int, users: tuple[str, ...]) -> None:
    by_chance = Run(told(BY_CHANCE), seed=seed, users=users)
    found = pinned(by_chance.kept(), told(BY_CHANCE))
    again = Run(explicit(found), seed=seed, users=users)

    assert found.strikes > 8
    assert all(fault.nth and not fault.chance for fault in found.faults)
    assert "uniform" not in dumps(explicit(found))
    assert all(bool(fault.where.agent) == (len(users) > 1) for fault in found.faults)
    by_chance.script.expect(again.happened, by_chance.happened)


def test_strikes_with_the_same_settings_are_one_fault_and_others_have_names_of_their_own() -> None:
    faults = f"[{SLOW_TWICE}, "
    faults += "{name: flaky, fault: status, where: {path: /api/v2/me/chats/1}, every: 3}]"
    found = pinned(Run(told(faults)).kept(), told(faults))

    assert [(fault.name, fault.nth) for fault in found.faults] == [
        ("slow", [1]),
        ("slow-2", [2]),
        ("flaky", [3, 6, 9, 12]),
    ]
    assert (found.strikes, found.notes) == (6, [])


def test_a_name_that_another_rule_has_is_not_taken() -> None:
    faults = f"[{SLOW_TWICE}, "
    faults += "{name: slow-2, fault: drop, where: {step: chatting}, first: 1}]"
    found = pinned(Run(told(faults)).kept(), told(faults))

    assert [fault.name for fault in found.faults] == ["slow", "slow-3", "slow-2"]


def test_rules_of_a_file_become_the_scenarios_own() -> None:
    beside = Fault(name="lossy", fault="drop", where=_where(step="chatting"), nth=[2])
    by_file = Run(told("[]"), faults=(beside,))
    found = pinned(by_file.kept(), told("[]"))

    assert [(fault.name, fault.where.step, fault.nth) for fault in found.faults] == [
        ("lossy", "chatting", [2])
    ]
    assert Run(explicit(found)).happened == by_file.happened


def test_a_connect_is_placed_by_the_clock() -> None:
    faults = "[{name: gone, fault: unknown-client, where: {meta: connect}, from: 1s, limit: 1}]"
    by_clock = Run(told(faults))
    found = pinned(by_clock.kept(), told("[]"))

    (fault,) = found.faults
    assert (fault.where.meta, fault.from_, fault.limit, fault.nth) == ("connect", "2.71s", 1, [])
    assert Run(explicit(found)).happened == by_clock.happened


def test_connects_before_the_story_starts_are_counted() -> None:
    faults = "[{name: gone, fault: unknown-client, where: {meta: connect}, first: 2}]"
    script = Script(told(faults))
    desktop = script.desktop("ann")
    for _ in range(2):
        desktop.handshake()
        desktop.connect(advice={"timeout": 0})
    entries = tuple(script.simulator.journal)

    (fault,) = pinned(Kept(head=None, entries=entries, is_cut=False), told("[]")).faults
    assert (fault.where.meta, fault.from_, fault.limit) == ("connect", "", 2)


def test_the_end_of_a_server_is_placed_by_the_clock_at_any_speed() -> None:
    faults = "[{name: down, fault: refuse, from: 4s, ttl: 2s}]"
    script = Script(told(faults), options=Options(pace=_speed(2)))
    script.desktop("ann").handshake()
    script.advance(5)
    kept = Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)

    assert [entry.at for entry in kept.entries if entry.kind == "fault"] == [2.0]
    (fault,) = pinned(kept, told("[]")).faults
    assert (fault.name, fault.from_, fault.ttl, fault.limit) == ("down", "4s", "2s", None)


def test_an_outage_that_a_step_brings_about_is_placed_by_the_step() -> None:
    faults = "[{name: cut, fault: partition, where: {step: accept}, nth: [2], ttl: 20ms}]"
    (fault,) = pinned(Run(told(faults)).kept(), told(faults)).faults

    assert (fault.where.step, fault.nth, fault.ttl) == ("accept", [2], "20ms")


def test_what_holds_for_all_traffic_stays_as_it_was() -> None:
    faults = "[{name: narrow, fault: bandwidth, settings: {rate: 50KB/s}, until: 9s}]"
    (fault,) = pinned(Run(told(faults)).kept(), told(faults)).faults

    assert (fault.name, fault.until, fault.chance, fault.settings) == ("narrow", "9s", "", {"rate": "50KB/s"})


def test_traffic_that_another_file_made_slow_is_slow_from_its_first_strike() -> None:
    beside = Fault(name="narrow", fault="bandwidth", settings={"rate": "50KB/s"}, from_="1s")
    (fault,) = pinned(Run(told("[]"), faults=(beside,)).kept(), told("[]")).faults

    assert (fault.from_, fault.settings, fault.limit) == ("2.71s", {"rate": "50KB/s"}, None)


def test_one_agents_faults_are_for_whoever_plays() -> None:
    faults = "[{name: slow, fault: latency, where: {step: accept}, every: 2}]"
    found = pinned(Run(told(faults), users=("ann", "bob")).kept(), told(faults), agent="bob")

    assert found.strikes == 6
    assert [(fault.where.agent, fault.nth) for fault in found.faults] == [("", [2, 4, 6, 8, 10, 12])]


def test_a_strike_that_another_left_nothing_to_is_no_fault() -> None:
    where = "where: {step: chatting}"
    faults = f"[{{name: lossy, fault: drop, {where}}}, {{name: late, fault: delay, {where}}}]"
    run = Run(told(faults))
    found = pinned(run.kept(), told(faults))

    said = {entry.detail["changed"] for entry in run.script.simulator.journal if entry.kind == "fault"}
    assert said == {"not told", "nothing: another rule had come first"}
    assert [fault.name for fault in found.faults] == ["lossy"]


def test_an_agent_that_nobody_knows_is_told_its_neighbours() -> None:
    with pytest.raises(UsageError, match=r"no agent of the journal is called 'anna'; .* Did you mean 'ann'"):
        pinned(Run(told(BY_CHANCE)).kept(), told(BY_CHANCE), agent="anna")


def test_an_agent_whose_name_became_known_later_is_called_by_its_number() -> None:
    faults = "[{name: lossy, fault: drop, where: {step: chatting}, every: 2}]"
    script = Script(told(faults))
    nameless = script.desktop()
    nameless.handshake()
    nameless.subscribe("/chats")
    ann = script.desktop("ann")
    ann.jar = nameless.jar
    for _ in range(2):
        ann.post("/api/v2/me/chats/1", ACCEPT)
        script.advance(3)
    bob = script.desktop("bob")
    bob.handshake()
    kept = Kept(head=None, entries=tuple(script.simulator.journal), is_cut=False)

    assert kept.agents == ["#1", "bob"]
    (fault,) = pinned(kept, told(faults)).faults
    assert (fault.where.agent, fault.nth) == ("#1", [2])


def test_strikes_at_another_scenario_are_left_out_and_told() -> None:
    faults = "[{name: slow, fault: latency, where: {step: look}, nth: [1]}]"
    other = scenario(f"faults: {faults}\n{STEPS}", name="other")
    run = Run(told("[{name: lossy, fault: drop, where: {step: chatting}, nth: [1]}]"), other)
    # The first look is a step of both: it counts for the agent's newest play.
    found = pinned(run.kept("story", "other"), told("[]"))

    assert [fault.name for fault in found.faults] == ["lossy"]
    assert found.notes == ["1 strike at steps of 'other' left out: pin them into that scenario"]


def test_strikes_at_what_somebody_typed_are_left_out_and_told() -> None:
    faults = "[{name: lossy, fault: drop, where: {channel: /chats}}]"
    run = Run(told(faults))
    run.script.direct(lambda simulator, now: tell(simulator, "ann", "/chats", 1, now), "by hand")
    found = pinned(run.kept(), told("[]"))

    assert found.faults
    assert all(fault.where.step for fault in found.faults)
    assert found.notes == ["1 strike at events that somebody typed left out"]


def test_a_journal_of_another_scenario_is_refused() -> None:
    with pytest.raises(UsageError, match="the journal is of 'story', and this scenario is 'other'"):
        pinned(Run(told("[]")).kept(), told("[]", name="other"))


def test_a_step_that_the_scenario_has_no_more_is_named() -> None:
    faults = "[{name: slow, fault: latency, where: {step: accept}}]"
    older = scenario(STEPS.replace("accept", "accepted"))

    with pytest.raises(UsageError, match=r"struck 'accept', and the scenario has no such step.*'accepted'"):
        pinned(Run(told(faults)).kept(), older)


def _where(**said: Any) -> Any:
    return msgspec.convert(said, type(Fault(name="x", fault="drop").where))


def _speed(speed: float) -> Any:
    return type(Options().pace)(speed=speed)
