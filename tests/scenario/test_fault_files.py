"""Faults from elsewhere than the scenario: files, control calls, Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from replay.errors import ScenarioError
from replay.registry import FAULTS, PRESETS
from replay.scenario.dump import dumps_faults
from replay.scenario.fault_files import faults_from, load_faults
from replay.scenario.load import loads
from replay.scenario.model import Fault, Where

from .strategies import faults, leaves

ACCEPT = loads("""
version: 1
name: accept
steps:
  - {id: invited, push: /v2/me/chats, data: {messageType: ChatStateChangeMessage}}
  - {id: accept, request: POST /api/v2/me/chats/1}
""")
READ = loads("version: 1\nname: read\nsteps:\n  - {id: read, request: GET /api/v2/me}\n")


def refused(value: Any, **how: Any) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        faults_from(value, [ACCEPT, READ], **how)
    return [f"{problem.file}: {problem.what}" for problem in raised.value.problems]


def refused_file(text: str, folder: Path) -> list[str]:
    file = folder / "faults.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as raised:
        load_faults(file, [ACCEPT, READ])
    assert {problem.file for problem in raised.value.problems} == {str(file)}
    return [f"{problem.line}:{problem.column}: {problem.what}" for problem in raised.value.problems]


def test_an_empty_file_is_told_how_faults_are_written(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.touch()
    with pytest.raises(ScenarioError, match=r"faults\.yaml: the file is empty\.\n  Write a list of faults"):
        load_faults(file, [])


def test_a_file_is_a_list_of_faults_for_all_scenarios_served(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- {name: a, fault: latency, where: {step: read}, nth: 2}\n- {name: b, fault: drop}\n")

    assert load_faults(file, [ACCEPT, READ]) == [
        Fault(name="a", fault="latency", where=Where(step="read"), nth=[2]),
        Fault(name="b", fault="drop"),
    ]


def test_a_file_may_name_presets_beside_its_faults(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("presets: [expired-session]\nfaults:\n- {name: b, fault: drop}\n")

    assert [fault.name for fault in load_faults(file, [ACCEPT])] == ["expired-session-login", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {name: a, fault: latency, where: {step: raed}}", ["1:43: no step is called 'raed'"]),
        (
            "- {name: a, fault: latency, where: {stpe: read}}",
            ["1:37: unknown key 'stpe' in 'where' of fault 'a'"],
        ),
        (
            "- latency\n- {fault: drop}",
            ["1:3: fault 1 must be a mapping, not a string", "2:3: fault 2 has no 'name'"],
        ),
        ("presets: [flakey]", ["1:11: unknown preset 'flakey'"]),
        ("presets: flaky\nfalts: []", ["2:1: unknown key 'falts'"]),
        ("presets: [flaky, flaky]", ["1:18: the preset 'flaky' stands here twice"]),
        ("faults: drop", ["1:9: 'faults' must be a list of faults"]),
        ("[]", ["1:1: there is no fault here"]),
        (
            "latency",
            ["1:1: this is not a list of faults, or a mapping {presets: […], faults: […]}"],
        ),
        (
            "presets: [flaky]\nfaults:\n- {name: flaky-polls, fault: drop}",
            ["3:10: two faults are called 'flaky-polls'"],
        ),
        (
            "- {name: a, fault: drop}\n- {name: b, fault: duplicate}",
            ["2:3: 'b' contradicts 'a' (1:3): both decide whether the event comes"],
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(text: str, said: list[str], tmp_path: Path) -> None:
    assert refused_file(text, tmp_path) == said


def test_a_file_is_held_against_the_preset_beside_it(tmp_path: Path) -> None:
    preset = faults_from({"presets": ["lossy-stream"]}, [ACCEPT], file="--preset")
    file = tmp_path / "faults.yaml"
    file.write_text("- {name: lossy-stream-lost, fault: drop}")

    with pytest.raises(ScenarioError, match="two faults are called 'lossy-stream-lost'"):
        load_faults(file, [ACCEPT], beside=preset)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="the file cannot be read: no such file or directory"):
        load_faults(tmp_path / "none.yaml", [ACCEPT])


def test_one_fault_is_told_by_the_name_of_its_field() -> None:
    value = {
        "name": "a",
        "fault": "latency",
        "settings": {"delay": "soon"},
        "where": {"step": "reed"},
        "chance": 1,
    }

    assert refused(value) == ["fault.chance: 'chance' must be a string, not a number"]
    assert refused({**value, "chance": "1%"}) == [
        "fault.settings.delay: 'soon' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m",
        "fault.where.step: no step is called 'reed'",
    ]


def test_one_of_several_is_told_by_its_number() -> None:
    value = [{"name": "a", "fault": "drop"}, {"name": "b", "fault": "split"}, {"name": "c", "fault": "batch"}]

    assert refused(value, file="faults") == [
        "faults[2]: 'c' contradicts 'b' (faults[1]): both decide how events share an answer"
    ]


def test_a_fault_is_held_against_those_that_are_there() -> None:
    there = [Fault(name="a", fault="drop")]

    assert refused({"name": "a", "fault": "latency"}, beside=there) == [
        "fault.name: two faults are called 'a'"
    ]
    assert refused({"name": "b", "fault": "duplicate"}, beside=there) == [
        "fault: 'b' contradicts 'a': both decide whether the event comes"
    ]


def test_the_whole_server_may_be_shut_for_good_only_from_a_port_of_its_own() -> None:
    value = {"name": "a", "fault": "refuse"}

    assert refused(value) == [
        "fault.fault: 'refuse' reaches whoever controls the simulator too, so it has to say when it ends"
    ]
    assert faults_from(value, [ACCEPT], control_apart=True)


def test_a_preset_that_finds_nothing_to_strike_at_is_told() -> None:
    with pytest.raises(
        ScenarioError, match=r"the preset 'lossy-stream' comes to nothing: .* there are no events"
    ):
        faults_from({"presets": ["lossy-stream"]}, [READ])


def test_faults_that_are_written_are_read_as_they_were(tmp_path: Path) -> None:
    written = [
        Fault(name="a", fault="status", settings={"status": 503}, where=Where(step="read"), nth=[1, 3])
    ]
    file = tmp_path / "faults.yaml"
    file.write_text(dumps_faults(written), encoding="utf-8")

    assert load_faults(file, [READ]) == written


anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
_WORDS = [
    "accept",
    "invited",
    "/v2/**",
    "/api/v2/me",
    "connect",
    "websocket",
    "#1",
    "1s",
    "20%",
    "5MB/s",
    "50%",
]
words = st.sampled_from(_WORDS)
wheres = st.dictionaries(st.sampled_from(Where.__struct_encode_fields__), words | anything, max_size=3)
settings = st.dictionaries(
    st.sampled_from(
        ["delay", "rate", "bytes", "status", "headers", "code", "times", "advice", "first", "error"]
    ),
    words | anything | st.integers(-2, 5000),
    max_size=3,
)
likely: dict[str, st.SearchStrategy[Any]] = {
    "where": wheres,
    "settings": settings,
    "nth": st.integers(-1, 5) | st.lists(st.integers(-1, 10**20), max_size=2),
    "every": st.integers(-1, 10**20),
    "limit": st.integers(1, 9),
}
values = st.fixed_dictionaries(
    {"name": st.just("a") | st.just("b") | anything, "fault": st.sampled_from([*FAULTS, "x"]) | anything},
    optional={
        name: likely.get(name, words) | anything
        for name in Fault.__struct_encode_fields__
        if name not in {"name", "fault"}
    },
)
plausible = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", "c"]), "fault": st.sampled_from([*FAULTS])},
    optional={
        "where": st.dictionaries(
            st.sampled_from(["step", "path", "channel", "meta", "agent"]),
            st.sampled_from(["accept", "invited", "read", "/v2/**", "/api/v2/me", "connect"]),
            max_size=1,
        ),
        "nth": st.integers(1, 3),
        "from": st.sampled_from(["1s", "2s"]),
        "ttl": st.just("10s"),
    },
)
files = st.fixed_dictionaries(
    {}, optional={"presets": anything | st.lists(st.sampled_from([*PRESETS])), "faults": st.lists(values)}
)


@given(anything | values | plausible | st.lists(plausible | values, max_size=3) | files)
def test_of_any_json_come_faults_or_problems(value: Any) -> None:
    try:
        found = faults_from(value, [ACCEPT, READ])
    except ScenarioError:
        event("refused")
    else:
        event("taken")
        assert found
        assert faults_from([*map(msgspec.to_builtins, found)], [ACCEPT, READ]) == found


@given(faults)
def test_what_a_scenario_may_hold_a_control_call_may_bring(fault: Fault) -> None:
    assert faults_from(msgspec.to_builtins(fault), [ACCEPT]) == [fault]
