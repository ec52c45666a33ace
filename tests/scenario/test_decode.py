from __future__ import annotations

import pytest

from replay.scenario.load import loads
from replay.scenario.model import RequestStep, Respond

from .told import story, told


def test_one_answer_and_one_need_stand_without_a_list() -> None:
    scenario = loads(
        story(
            "{id: a, request: GET /}", "{id: b, request: GET /, needs: a, respond: {status: 404, body: null}}"
        )
    )

    assert scenario.steps == [
        RequestStep(id="a", request="GET /"),
        RequestStep(id="b", request="GET /", needs=["a"], respond=[Respond(status=404, body=None)]),
    ]


def test_every_part_tells_what_is_wrong_with_it() -> None:
    text = story(
        "{id: a, request: GET /, respond: {status: 99, after: 3}}",
        "{id: b, push: /c, data: 1, because: [x]}",
        "nothing",
        head="{variables: 3, source: {recordd: x}, cometd: []}"[1:-1].replace(", ", "\n"),
    )

    assert told(text) == [
        "3:12: 'variables' must be a mapping of names to variables, not a number",
        "4:10: unknown key 'recordd' in 'source'",
        "5:9: 'cometd' must be a mapping, not a list",
        "7:45: 'status' must be a whole number from 100 to 599, not 99",
        "7:56: 'after' must be a string, not a number",
        "8:39: 'because' must be a string, not a list",
        "9:3: step 3 must be a mapping, not a string",
    ]


@pytest.mark.parametrize("key", ["unsubscribed", "retry"])
def test_keys_of_steps_that_are_not_built_are_refused_on_requests_and_pushes(key: str) -> None:
    said = told(story(f"{{id: a, request: GET /, {key}: x}}", f"{{id: b, push: /c, data: 1, {key}: x}}"))

    assert said == [
        f"4:27: '{key}' belongs to the scenario language but is not built yet in this version",
        f"5:30: '{key}' belongs to the scenario language but is not built yet in this version",
    ]


def test_a_key_on_the_wrong_kind_of_step_is_told_where_it_belongs() -> None:
    assert told(story("{id: a, request: GET /, data: 1}", "{id: b, push: /c, data: 1, needs: a}")) == [
        "4:27: 'data' belongs to a push, and step 'a' is a request",
        "5:30: 'needs' belongs to a request, and step 'b' is a push",
    ]


@pytest.mark.parametrize(
    ("version", "what"),
    [
        ("version: 2", "1:10: 'version' must be 1, the only version there is, not 2"),
        ('version: "1"', "1:10: 'version' must be 1, the only version there is, not '1'"),
        ("version: true", "1:10: 'version' must be 1, the only version there is, not true"),
        ("about: x", "1:1: the scenario has no 'version'"),
    ],
)
def test_any_version_but_one_is_refused(version: str, what: str) -> None:
    assert told(f"{version}\nname: one\nsteps: []") == [what]


@pytest.mark.parametrize("name", ['"a b"', '"1a"', '"a\\n"', '""', "é"])
def test_a_name_is_letters_digits_and_dashes(name: str) -> None:
    assert "must be a name" in told(f"version: 1\nname: {name}\nsteps: []")[0]


def test_numbers_of_any_size_are_kept() -> None:
    scenario = loads(story("{id: a, push: /c, data: [1e300, -170141183460469231731687303715884105728]}"))

    assert scenario.steps[0].data == [1e300, -(2**127)]  # type: ignore[union-attr]
