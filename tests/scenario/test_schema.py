from __future__ import annotations

from typing import Any

import msgspec

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
        fields = msgspec.structs.fields(getattr(model, name))
        assert list(part["properties"]) == [field.encode_name for field in fields]
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


def test_a_step_is_a_request_or_a_push() -> None:
    assert schema()["properties"]["steps"]["items"] == {
        "anyOf": [{"$ref": "#/$defs/RequestStep"}, {"$ref": "#/$defs/PushStep"}]
    }


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
