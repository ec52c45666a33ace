"""The JSON Schema of scenario files, made from the model; editors complete and explain by it."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from replay import registry
from replay.scenario import model

SCHEMA_URL = "https://gws-replay.dev/schema/1.json"
SCHEMA_FILE = Path(__file__).with_name("schema.json")

_REFERENCE = "#/$defs/{name}"
_KINDS = [{"$ref": "#/$defs/RequestStep"}, {"$ref": "#/$defs/PushStep"}]
_STEPS = {"type": "array", "items": {"anyOf": [*_KINDS, {"$ref": "#/$defs/LaidStep"}]}}
_LISTS = ("session", "steps")
# In a file that is made of no others.
_ALONE = {
    "required": ["steps"],
    "properties": {
        "without": False,
        **{name: {"items": {"anyOf": _KINDS, "not": {"required": ["before"]}}} for name in _LISTS},
    },
}
# Where the file may hold one thing in place of a list of one.
_ONE_OR_LIST = {
    *(("RequestStep", name) for name in ("needs", "until", "respond")),
    ("PushStep", "until"),
    ("Fault", "nth"),
    ("Scenario", "again"),
}


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12; each property is described by the docstring of its field."""
    explained = docstrings(model)
    definitions = {
        part.__name__: _part(part, explained[part.__name__])
        for part in (
            model.Source,
            model.Cometd,
            model.Variable,
            model.Collected,
            model.RequestStep,
            model.PushStep,
            model.Respond,
            model.Demand,
            model.Fault,
            model.Where,
            model.Expected,
        )
    }
    _place_steps(definitions, explained)
    definitions["Fault"]["properties"]["fault"]["enum"] = list(registry.FAULTS)
    definitions["Fault"]["allOf"] = [_settings(name) for name in registry.FAULTS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_URL,
        "title": "A scenario of gws-replay",
        **_whole(explained),
        "allOf": [_profile_settings(name) for name in registry.PROFILES],
        "$defs": definitions,
    }


def _whole(explained: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The file: what a scenario has, and what it may be made of."""
    part = _part(model.Scenario, explained["Scenario"])
    made = _part(model.Made, explained["Made"])
    head = {name: part["properties"].pop(name) for name in ("version", "name", "about")}
    return {
        **part,
        "properties": {**head, **made["properties"], **part["properties"]},
        "required": [name for name in part["required"] if name != "steps"],
        "if": {"not": {"anyOf": [{"required": ["extends"]}, {"required": ["include"]}]}},
        "then": _ALONE,
    }


def _place_steps(definitions: dict[str, Any], explained: dict[str, dict[str, str]]) -> None:
    """Adds what steps have where a file is made of others."""
    kinds = [definitions[name]["properties"] for name in ("RequestStep", "PushStep")]
    definitions["LaidStep"] = {
        "description": explained["LaidStep"][""],
        "type": "object",
        "properties": {**kinds[1], **kinds[0]},
        "required": ["id"],
        "additionalProperties": False,
        "not": {"required": ["request", "push"]},
    }
    for kind in kinds:
        kind.update(_part(model.LaidStep, explained["LaidStep"])["properties"])


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _settings(name: str) -> dict[str, Any]:
    """What a rule's settings are if its fault is this one."""
    kind = registry.resolve(registry.FAULTS, name)
    said = docstrings(sys.modules[kind.__module__])[kind.__name__]
    settings = {**_part(kind, said), "description": f"How it goes wrong: {said['']}"}
    return {
        "if": {"properties": {"fault": {"const": name}}, "required": ["fault"]},
        "then": {"properties": {"settings": settings}},
    }


def _profile_settings(name: str) -> dict[str, Any]:
    """What `profile_settings` are if the profile is this one; a file that names none has the usual one."""
    kind = registry.resolve(registry.PROFILES, name).settings
    said = docstrings(sys.modules[kind.__module__])[kind.__name__]
    usual = next(field.default for field in msgspec.structs.fields(model.Scenario) if field.name == "profile")
    named = {} if name == usual else {"required": ["profile"]}
    return {
        "if": {"properties": {"profile": {"const": name}}, **named},
        "then": {"properties": {"profile_settings": _part(kind, said)}},
    }


def _part(part: Any, explained: dict[str, str]) -> dict[str, Any]:
    fields = msgspec.structs.fields(part)
    return {
        "description": explained[""],
        "type": "object",
        "properties": {field.encode_name: _property(part.__name__, field, explained) for field in fields},
        "required": [field.encode_name for field in fields if field.required],
        "additionalProperties": False,
    }


def _property(part: str, field: msgspec.structs.FieldInfo, explained: dict[str, str]) -> dict[str, Any]:
    # Settings of somebody's own fault, or of another that it is made of, may be without a word.
    said = {"description": explained[field.name]} if field.name in explained else {}
    described = {**said, **_shape(field.type)}
    if (part, field.name) in _ONE_OR_LIST:
        shape = {key: described.pop(key) for key in ("type", "items")}
        described["anyOf"] = [shape["items"], shape]
    if isinstance(field.default, (str, int)):
        described["default"] = field.default
    return described


def _shape(annotation: Any) -> dict[str, Any]:
    """The schema of a type; what may be any JSON value is left open."""
    if annotation == list[model.Step]:
        return dict(_STEPS)
    if annotation in {model.Json, model.Json | msgspec.UnsetType}:
        return {}
    (shape,), _ = msgspec.json.schema_components([annotation], ref_template=_REFERENCE)
    return shape


def docstrings(module: ModuleType) -> dict[str, dict[str, str]]:
    """What a module says about each of its classes (under the empty name) and each of their fields."""
    found: dict[str, dict[str, str]] = {}
    for part in ast.parse(inspect.getsource(module)).body:
        if not isinstance(part, ast.ClassDef):
            continue
        said = found.setdefault(part.name, {"": ast.get_docstring(part) or ""})
        for field, after in pairwise(part.body):
            match field, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(sentence))),
                ):
                    said[name] = " ".join(sentence.split())
    return found
