"""Writes the generated pages of docs/: `python -m tests.docs`. A test holds them against the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from replay.cli import group
from replay.registry import COMMANDS, resolve
from replay.scenario.schema import schema

DOCS = Path(__file__).parents[1] / "docs"


def commands() -> str:
    """Every command's help."""
    text = "# Commands\n\nWritten by `python -m tests.docs` from the commands' own help.\n"
    for name in COMMANDS:
        command: click.Command = resolve(COMMANDS, name)
        parent = click.Context(group, info_name="replay", max_content_width=100, terminal_width=100)
        context = click.Context(command, info_name=name, parent=parent, max_content_width=100)
        text += f"\n## replay {name}\n\n```\n{command.get_help(context)}\n```\n"
    return text


def scenario() -> str:
    """Every key of a scenario."""
    described = schema()
    parts = {"Scenario": _resolved(described, described), **described["$defs"]}
    text = "# The scenario file\n\n"
    text += "Written by `python -m tests.docs` from the model; `replay schema` prints the JSON Schema.\n"
    for name, part in parts.items():
        if "properties" not in part or (name == "Scenario" and "Scenario" in text.split("## ")[1:]):
            continue
        text += (
            f"\n## {name}\n\n{part.get('description', '')}\n\n| key | type | default | |\n|---|---|---|---|\n"
        )
        required = part.get("required", [])
        for key, value in part["properties"].items():
            default = "required" if key in required else _code(value["default"]) if "default" in value else ""
            text += f"| `{key}` | {_type(value)} | {default} | {value.get('description', '')} |\n"
    return text


def _resolved(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref", "")
    return whole["$defs"][reference.rpartition("/")[2]] if reference else part


def _code(value: Any) -> str:
    return "" if value in ("", [], {}, None) else f"`{value}`"


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2]
    if "enum" in value:
        return " \\| ".join(f"`{each}`" for each in value["enum"])
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(each) for each in value["anyOf"]))
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    return str(value.get("type", "any JSON"))


PAGES = {"commands.md": commands, "scenario.md": scenario}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
