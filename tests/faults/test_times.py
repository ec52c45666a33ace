"""Which of the times: counts, windows, chance, limits, and whose rule goes first."""

from __future__ import annotations

from typing import Any

import pytest

from replay.faults.rules import Rule
from replay.plan.pace import Pace
from replay.scenario.model import Fault, Where
from replay.simulator.options import Options
from replay.testing import Script, scenario

from .stories import Told

LOOK = """
cometd: {path: /cometd}
session: [{id: ready, request: POST /ready, repeat: last}]
steps:
  - {id: look, request: GET /api/v2/me, respond: {body: me}}
  - {id: other, request: GET /api/v2/other, respond: {body: other}}
  - {id: tick, push: /a, after: look, data: 1}
"""


def statuses(rule: str, times: int = 8, *, gap: float = 0.0, user: str = "ann") -> list[int]:
    """How somebody who looks again and again is answered."""
    script = Script(
        scenario(f"faults: [{{name: bad, fault: status, where: {{step: look}}, {rule}}}]\n{LOOK}")
    )
    desktop = script.desktop(user)
    desktop.handshake()
    desktop.subscribe("/a")
    seen = []
    for _ in range(times):
        exchange = desktop.get("/api/v2/me")
        script.advance(0)
        seen.append(script.answer(exchange).status)
        script.advance(gap)
    return seen


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("nth: 2", [2]),
        ("nth: [1, 3, 9]", [1, 3]),
        ("every: 3", [3, 6]),
        ("first: 2", [1, 2]),
        ("limit: 3", [1, 2, 3]),
        ("every: 2, limit: 2", [2, 4]),
    ],
)
def test_a_rule_strikes_the_times_it_says(rule: str, struck: list[int]) -> None:
    assert [turn for turn, status in enumerate(statuses(rule), 1) if status == 503] == struck


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ("from: 2s", [3, 4, 5, 6, 7, 8]),
        ("until: 2s", [1, 2, 3]),
        ("from: 1s, until: 3s", [2, 3, 4]),
        ("from: 2s, first: 1", [3]),
        ("ttl: 3s", [1, 2, 3]),
    ],
)
def test_a_rule_strikes_in_its_time(rule: str, struck: list[int]) -> None:
    turns = statuses(rule, gap=1.0)

    assert [turn for turn, status in enumerate(turns, 1) if status == 503] == struck


@pytest.mark.parametrize(("speed", "struck"), [(2.0, [3]), (0.5, [9])])
def test_from_counts_in_the_time_of_the_scenario(speed: float, struck: list[int]) -> None:
    text = f"faults: [{{name: bad, fault: status, where: {{step: look}}, from: 4s, limit: 1}}]\n{LOOK}"
    script = Script(scenario(text), options=Options(pace=Pace(speed)))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    seen = []
    for turn in range(1, 12):
        exchange = desktop.get("/api/v2/me")
        script.advance(0)
        seen += [turn] if script.answer(exchange).status == 503 else []
        script.advance(1)

    assert seen == struck


def test_a_rule_counts_each_agent_by_itself() -> None:
    text = f"faults: [{{name: bad, fault: status, where: {{step: look}}, nth: 2}}]\n{LOOK}"
    script = Script(scenario(text))
    desktops = [script.desktop(user) for user in ("ann", "bob")]
    seen = []
    for _ in range(2):
        for desktop in desktops:
            exchange = desktop.get("/api/v2/me")
            script.advance(0)
            seen.append(script.answer(exchange).status)

    assert seen == [200, 200, 503, 503]


def test_where_names_an_agent_by_user_or_number() -> None:
    rules = "{name: a, fault: status, where: {agent: bob}}, {name: b, fault: status, where: {agent: '#1'}}"
    script = Script(scenario(f"faults: [{rules}]\n{LOOK}"))
    script.desktop("eve").get("/api/v2/me")
    for user in ("bob", "ann"):
        script.desktop(user).get("/api/v2/me")

    struck = [(e.agent, e.detail["rule"]) for e in script.simulator.journal if e.kind == "fault"]
    assert struck == [("eve", "b"), ("bob", "a")]


@pytest.mark.parametrize(
    ("path", "fits"),
    [("/api/v2/me", True), ("/api/*/me", True), ("/api/**", True), ("/api/*", False), ("/api/v2/m", False)],
)
def test_where_names_a_path(path: str, fits: bool) -> None:
    bad = Fault(name="bad", fault="status", where=Where(path=path))
    script = Script(scenario(LOOK), options=Options(faults=(bad,)))
    exchange = script.desktop("ann").get("/api/v2/me")
    script.advance(0)

    assert (script.answer(exchange).status == 503) is fits


def struck_by(script: Script, step: str = "look") -> list[str]:
    return [e.detail["rule"] for e in script.simulator.journal if e.kind == "fault" and e.step == step]


def rule(name: str, fault: str = "latency", **more: Any) -> Fault:
    return Fault(name=name, fault=fault, where=Where(step="look"), **more)


def test_of_several_sources_only_the_foremost_that_strikes_does() -> None:
    text = f"faults: [{{name: own, fault: status, where: {{step: look}}}}]\n{LOOK}"
    script = Script(scenario(text), options=Options(faults=(rule("file", nth=[1, 2]),)))
    striking = script.simulator.faulting.striking
    striking.add(Rule(rule("live", nth=[1]), "run time"))
    for _ in range(3):
        script.desktop("ann").get("/api/v2/me")

    assert struck_by(script) == ["live", "file", "own"]


def test_a_rule_takes_the_place_of_its_namesake_behind_it() -> None:
    text = f"faults: [{{name: bad, fault: status, where: {{step: look}}}}]\n{LOOK}"
    script = Script(scenario(text), options=Options(faults=(rule("bad", "error", nth=[1]),)))
    answers = [script.desktop("ann").get("/api/v2/me") for _ in range(2)]
    script.advance(0)

    assert [script.answer(each).status for each in answers] == [500, 200]


def test_a_scenarios_rules_are_about_its_own_steps() -> None:
    one = scenario("steps: [{id: look, request: GET /one, respond: {body: 1}}]", name="one")
    two = scenario(
        "faults: [{name: bad, fault: status}]\nsteps: [{id: look, request: GET /two, respond: {body: 2}}]",
        name="two",
    )
    script = Script(one, two)
    desktop = script.desktop("ann")
    exchanges = [desktop.get("/one"), desktop.get("/two")]
    script.advance(0)

    assert [script.answer(each).status for each in exchanges] == [200, 503]


def test_chance_is_drawn_for_each_time_and_noted() -> None:
    seen = statuses("chance: 30%", times=200)
    again = statuses("chance: 30%", times=200)

    assert seen == again
    assert 30 < seen.count(503) < 90
    assert statuses("chance: 30%", times=200, user="bob") != seen


def test_the_time_of_a_strike_is_never_told_as_later_than_it_was() -> None:
    chat = Told("[{name: bad, fault: latency, where: {meta: connect}, from: 1s}]")
    chat.joins()
    chat.script.advance(1.00006)
    chat.desktop.connect(advice={"timeout": 0})

    # A rule that begins then strikes at the same connect.
    assert [strike["since"] for strike in chat.strikes] == [1.0]
