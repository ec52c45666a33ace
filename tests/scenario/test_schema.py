from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest

from replay.registry import FAULTS, PROFILES
from replay.scenario import model
from replay.scenario.schema import SCHEMA_FILE, SCHEMA_URL, schema, schema_text


def test_the_committed_schema_is_that_of_the_model() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "write it anew: see CONTRIBUTING"


def test_the_schema_names_itself_and_its_draft() -> None:
    found = schema()

    assert (found["$schema"], found["$id"]) == ("https://json-schema.org/draft/2020-12/schema", SCHEMA_URL)


def test_every_part_has_the_models_fields_each_described_and_no_others() -> None:
    found = schema()
    parts: dict[str, Any] = {"Scenario": found, **found["$defs"]}

    for name, part in parts.items():
        beside = {"Scenario": [model.Made], "RequestStep": [model.LaidStep], "PushStep": [model.LaidStep]}
        either = {"LaidStep": [model.PushStep, model.RequestStep]}.get(name, [getattr(model, name)])
        fields = [field for each in either for field in msgspec.structs.fields(each)]
        more = [field for each in beside.get(name, []) for field in msgspec.structs.fields(each)]
        assert set(part["properties"]) == {field.encode_name for field in [*fields, *more]}
        if name not in {"Scenario", "LaidStep"}:
            assert part["required"] == [field.encode_name for field in fields if field.required]
        assert part["additionalProperties"] is False
        assert all(described["description"] for described in [part, *part["properties"].values()])


def test_one_answer_and_one_need_may_stand_without_a_list() -> None:
    fields = schema()["$defs"]["RequestStep"]["properties"]
    answer = {"$ref": "#/$defs/Respond"}

    assert [fields[name]["anyOf"] for name in ("respond", "needs")] == [
        [answer, {"type": "array", "items": answer}],
        [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    ]


def test_a_step_is_a_request_or_a_push_or_laid_over_one() -> None:
    kinds = [{"$ref": f"#/$defs/{name}"} for name in ("RequestStep", "PushStep")]
    laid = {"$ref": "#/$defs/LaidStep"}

    assert schema()["properties"]["steps"]["items"] == {"anyOf": [*kinds, laid]}
    assert schema()["then"]["properties"]["steps"]["items"]["anyOf"] == kinds


STEP = {"id": "a", "push": "/c", "data": 1}


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ({"steps": [STEP]}, True),
        ({}, False),
        ({"steps": [{"id": "a"}]}, False),
        ({"steps": [{**STEP, "before": "b"}]}, False),
        ({"steps": [], "without": ["a"]}, False),
        ({"extends": "other"}, True),
        ({"include": ["other"], "without": ["a"], "session": [{"id": "a", "think": "1s"}]}, True),
        ({"extends": "other", "steps": [{**STEP, "before": "b"}, {"id": "b", "push": "/d"}]}, True),
        ({"extends": "other", "steps": [{"id": "a", "push": "/c", "request": "GET /"}]}, False),
        ({"extends": "other", "steps": [{"id": "a", "respnd": {}}]}, False),
        ({"extends": ["other"]}, False),
        ({"include": "other"}, False),
    ],
)
def test_the_schema_takes_what_loads_may_take(said: dict[str, Any], good: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema())

    assert validator.is_valid({"version": 1, "name": "variant", **said}) is good


def test_the_settings_of_a_scenario_are_those_of_its_profile_and_of_the_usual_one_where_it_names_none() -> (
    None
):
    rules = schema()["allOf"]
    by_profile = {
        rule["if"]["properties"]["profile"]["const"]: rule["then"]["properties"]["profile_settings"]
        for rule in rules
    }

    assert list(by_profile) == list(PROFILES)
    assert ["required" in rule["if"] for rule in rules] == [name != "genesys" for name in PROFILES]
    assert by_profile["plain"]["properties"] == {}
    assert by_profile["genesys"]["properties"]["chat_address"]["anyOf"] == [
        {"enum": ["both", "path", "uri"]},
        {"type": "null"},
    ]
    assert all(each["additionalProperties"] is False for each in by_profile.values())


def test_the_settings_of_a_rule_are_those_of_its_fault() -> None:
    rules = schema()["$defs"]["Fault"]["allOf"]
    by_fault = {
        rule["if"]["properties"]["fault"]["const"]: rule["then"]["properties"]["settings"] for rule in rules
    }

    assert list(by_fault) == list(FAULTS)
    assert all(rule["if"]["required"] == ["fault"] for rule in rules)
    assert by_fault["drop"]["properties"] == {}
    assert by_fault["duplicate"]["properties"]["times"] == {
        "description": "How often it comes.",
        "type": "integer",
        "minimum": 2,
        "maximum": 1000,
        "default": 2,
    }
