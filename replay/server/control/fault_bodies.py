"""What calls about faults take, as JSON Schema; it is read by those who know what is wrong with a fault."""

from __future__ import annotations

from typing import Any

from replay.registry import PRESETS
from replay.scenario.schema import schema
from replay.simulator.switching import CHANGEABLE

_PRESET = {"enum": list(PRESETS)}


def wanted() -> dict[str, Any]:
    """A fault, a list of them, a preset, or both kinds together."""
    defined = schema()["$defs"]
    fault = {**defined["Fault"], "required": ["fault"]}
    # Which settings each fault has makes it ten times as long, and `replay faults` says it better.
    del fault["allOf"]
    ttl = fault["properties"]["ttl"]
    named = {"allOf": [{"$ref": "#/$defs/Fault"}, {"required": ["name"]}]}
    return {
        "anyOf": [
            {"$ref": "#/$defs/Fault"},
            {"type": "array", "items": {"$ref": "#/$defs/NamedFault"}, "minItems": 1},
            _object({"preset": _PRESET, "ttl": ttl}, "A preset.", required=["preset"]),
            _object(
                {
                    "presets": {"type": "array", "items": _PRESET},
                    "faults": {"type": "array", "items": {"$ref": "#/$defs/NamedFault"}},
                },
                "Presets and faults, as a file of faults has them.",
            ),
        ],
        "$defs": {"Where": defined["Where"], "Fault": fault, "NamedFault": named},
    }


def changes() -> dict[str, Any]:
    """What of a rule can be another while it is up; null is the default."""
    properties = schema()["$defs"]["Fault"]["properties"]
    taken = {name: {"anyOf": [properties[name], {"type": "null"}]} for name in CHANGEABLE if name != "on"}
    on = {"type": "boolean", "description": "Whether it strikes."}
    return _object({"on": on, **taken}, "What is to be another.") | {"minProperties": 1}


def _object(properties: dict[str, Any], about: str, required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
    }
