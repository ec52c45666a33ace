"""Two readers, one meaning: the quick one says the same as the careful one, or leaves it to that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from replay.errors import ScenarioError
from replay.scenario import reader
from replay.scenario.decode import _Decoder
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import Scenario
from replay.scenario.quick import MAX_DEPTH, DoubtError, quick_step, quick_values

from .strategies import NASTY, scenarios, values

# A machine that does something else meanwhile draws slowly.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
GOOD = """
version: 1
name: good
variables: {chat: {recorded: 0012, make: interaction-id}, n: {recorded: -1.5e3}}
steps:
  - id: a
    push: /v2/me/chats
    data:   # said to nobody
      - [null, true, "null", 'true', ~, .5, 0x1F, 1:30, 2014-01-02, No]
      - {"a b": "two\\nlines", c: ""}
      - |
        two
        lines
"""

_SYNTAX = "a: |b: |- |? |: |, |[|]|{|}|#|# a|'|\"|&a |*a|!!str |!x |!|<<: |--- |---|...|>-|null|true|1e999|-0"
PIECES = [
    *[each for each in NASTY if len(each) < 40],
    *_SYNTAX.split("|"),
    *["\n", "\n  ", "\n    ", "|\n  ", "%YAML 1.1\n", "9" * 20, "9" * 400, "\t", "\r", "\\ud83d"],
]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def careful(text: str) -> Any:
    return reader._tree(text, "f").value


def shown(value: Any) -> str:
    """A value in which 1, 1.0 and true are three things."""
    return json.dumps(value)


def agree(text: str) -> None:
    text = text.removeprefix("\ufeff")
    if reader._FORBIDDEN.search(text):
        return
    try:
        quick = quick_values(text)
    except DoubtError:
        return
    assert shown(careful(text)) == shown(quick)


@given(texts)
@settings(BUSY)
@example("a: 1\na: 2")
@example("a: &x 1\nb: *x")
@example("a:\n")
@example("- \n- a")
@example("<<: {a: 1}")
@example("? [a]\n: b")
@example("a: 1e999")
@example("a: 1\n---\nb: 1")
@example("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
@example("null")
@example("")
def test_on_any_text_the_quick_reader_agrees_with_the_careful_one_or_doubts(text: str) -> None:
    agree(text)


@given(values)
@settings(BUSY, max_examples=40)
def test_both_read_any_json(value: Any) -> None:
    agree(json.dumps(value))
    agree(json.dumps(value, ensure_ascii=False, indent=1))


@given(scenarios())
@settings(BUSY, max_examples=30)
def test_whatever_is_written_both_read(scenario: Scenario) -> None:
    text = dumps(scenario)

    agree(text)
    assert loads(text) == scenario


def test_a_good_file_leaves_no_doubt() -> None:
    value = quick_values(GOOD)

    assert shown(value) == shown(careful(GOOD))
    assert value["variables"]["chat"]["recorded"] == "0012"
    row = [None, True, "null", "true", "~", ".5", "0x1F", "1:30", "2014-01-02", "No"]
    assert value["steps"][0]["data"][0] == row


def test_a_good_file_is_not_read_a_second_time_unless_a_place_is_asked_for() -> None:
    document = reader.read(GOOD, "f")

    assert document.root is None
    assert document.place(("steps", 0, "push")) == (7, 11)


def test_what_a_place_is_asked_for_in_a_quickly_read_file_is_found() -> None:
    with pytest.raises(ScenarioError) as raised:
        loads("version: 1\nname: a\nsteps:\n  - id: b\n    push: /x\n    after: c\n    data: 1\n", "f")

    assert str(raised.value) == "f:6:12: no step is called 'c'."


STEPS = [
    {"id": "a", "push": "/x", "data": None},
    {"id": "a", "push": "/x", "data": {"a": [1, 1.0, True, 2**80]}, "window": "1s", "agent": "b"},
    {"id": "a", "request": "GET /", "needs": "b", "respond": {"status": 404, "headers": {"A": "b"}}},
    {"id": "a", "request": "GET /", "needs": ["b"], "respond": [{"body": None}, {"text": "x"}]},
    {"id": "a\n", "push": "/x", "data": 1},
    {"id": "a", "agent": "b\n", "push": "/x", "data": 1},
    {"id": "a", "push": "/x"},
    {"id": "a", "push": "/x", "request": "GET /", "data": 1},
    {"id": "a", "request": "GET /", "respond": None},
    {"id": "a", "request": "GET /", "respond": {"status": "200"}},
    {"id": "a", "request": "GET /", "respond": {"status": True}},
    {"id": "a", "request": "GET /", "respond": {"status": 99}},
    {"id": "a", "request": "GET /", "data": 1},
    {"id": "a", "request": "GET /", "match": "all"},
    {"id": 1, "push": "/x", "data": 1},
    {},
    [],
    None,
]


@pytest.mark.parametrize("value", STEPS)
def test_a_step_decoded_in_one_go_is_the_one_decoded_field_by_field(value: Any) -> None:
    decoder = _Decoder(reader.Document("f", json.dumps({"steps": [value]}), {"steps": [value]}))
    step = decoder._step(value, ("steps", 0))

    assert quick_step(value) == (None if decoder.problems else step)
