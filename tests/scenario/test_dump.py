from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from replay.errors import ScenarioError
from replay.scenario.dump import dumps, write
from replay.scenario.load import load, loads
from replay.scenario.model import PushStep, RequestStep, Respond, Scenario, Variable

from .strategies import literals, scenarios

ROOT = Path(__file__).parents[2]


def scenario_with(data: Any) -> Scenario:
    return Scenario(version=1, name="one", steps=[PushStep(id="a", push="/c", data=data)])


@settings(max_examples=150, deadline=None)
@given(scenarios())
def test_a_scenario_survives_writing_and_reading_and_is_written_the_same_again(scenario: Scenario) -> None:
    text = dumps(scenario)

    again = loads(text)

    assert (again, dumps(again)) == (scenario, text)


@settings(max_examples=200, deadline=None)
@given(literals)
def test_a_yaml_1_1_parser_reads_the_same_values(data: Any) -> None:
    text = dumps(scenario_with(data))

    read = yaml.safe_load(text)["steps"][0]["data"]

    assert repr(read) == repr(data) == repr(loads(text).steps[0].data)  # type: ignore[union-attr]


def test_a_file_is_written_as_a_person_would_write_it() -> None:
    scenario = Scenario(
        version=1,
        name="small",
        about="No",
        variables={"chat": Variable(recorded="0000Na9B26EF002X", make="interaction-id")},
        session=[
            RequestStep(id="ready", request="POST /me", body={"operationName": "Ready"}, respond=[Respond()])
        ],
        steps=[
            RequestStep(
                id="page",
                request="GET /page/${chat}",
                needs=["ready"],
                respond=[Respond(text="<p>\n  hi\n</p>\n"), Respond(status=404, body=None)],
            ),
            PushStep(
                id="news",
                push="/v2/me",
                after="page + 41ms",
                data={"id": "${chat}", "long": ["word " * 20 + "end"], "list": [[1, 2], {"deep": "x" * 100}]},
            ),
        ],
    )

    assert dumps(scenario) == (
        "# yaml-language-server: $schema=https://gws-replay.dev/schema/1.json\n"
        "version: 1\n"
        "name: small\n"
        'about: "No"\n'
        "\n"
        "variables:\n"
        "  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}\n"
        "\n"
        "session:\n"
        "  - id: ready\n"
        "    request: POST /me\n"
        "    body: {operationName: Ready}\n"
        "    respond: {}\n"
        "\n"
        "steps:\n"
        "  - id: page\n"
        "    request: GET /page/${chat}\n"
        "    needs: [ready]\n"
        "    respond:\n"
        "      - text: |\n"
        "          <p>\n"
        "            hi\n"
        "          </p>\n"
        "      - {status: 404, body: null}\n"
        "\n"
        "  - id: news\n"
        "    push: /v2/me\n"
        "    after: page + 41ms\n"
        "    data:\n"
        '      id: "${chat}"\n'
        "      long:\n"
        f"        - {'word ' * 20}end\n"
        "      list:\n"
        "        - [1, 2]\n"
        f"        - deep: {'x' * 100}\n"
    )


def test_what_fits_in_a_hundred_columns_stands_on_one_line() -> None:
    lines = [dumps(scenario_with({"a": "x" * length, "b": 1})).splitlines()[-1] for length in (79, 80)]

    assert (len(lines[0]), lines[1]) == (100, "      b: 1")


def test_the_showcase_is_written_without_loss() -> None:
    scenario = load(ROOT / "scenarios" / "accept-chat.yaml")

    assert loads(dumps(scenario)) == scenario


def test_a_key_longer_than_parsers_look_for_a_colon_survives() -> None:
    scenario = scenario_with([{"k" * 3000: {"é" * 3000: 1}}])

    assert loads(dumps(scenario)) == scenario


def test_what_is_nested_too_deep_to_be_read_is_not_written() -> None:
    data: Any = "x" * 200
    for _ in range(2000):
        data = [data]

    with pytest.raises(ScenarioError, match="nested more than 100 deep"):
        dumps(scenario_with(data))


def test_a_file_with_other_content_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"

    kept = [write(path, scenario_with(data)) for data in (1, 1, 2)]

    assert kept == [None, None, tmp_path / "one.yaml~"]
    assert [load(file).steps[0].data for file in (path, tmp_path / "one.yaml~")] == [2, 1]  # type: ignore[union-attr]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.yaml", "one.yaml~"]


def test_a_very_long_key_of_an_empty_value_does_not_stand_in_flow_style() -> None:
    scenario = loads("version: 1\nname: x\nsteps:\n  - {id: p, push: /a, data: {x: 1}}\n")
    step = scenario.steps[0]
    assert isinstance(step, PushStep)
    step.data = {"k" * 2000: {}, "x": [[]]}

    assert loads(dumps(scenario)) == scenario
