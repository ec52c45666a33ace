"""Writes the generated pages of docs/: `python -m tests.docs`. A test holds them against the code."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click
import msgspec

from replay.cli import group
from replay.registry import COMMANDS, MODIFIERS, PACES, resolve
from replay.scenario.paces import Amount
from replay.scenario.schema import docstrings, schema

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


PACE = """# Pace

Written by `python -m tests.docs` from the paces themselves.

`replay serve --speed 2` plays twice as fast. `--speed max` drops the waits, whatever the pace of a scenario,
and keeps the order. `--pace`, or `pace:` at the top of a scenario, says how long the waits are: first how
delays come about, then what is done to them.

```
--pace 'recorded, idle-max(2s), jitter(20%)'
--pace 'lognormal(median 80ms, p99 400ms), clamp(5ms, 2s)'
```

Whatever the order in which they are written, `idle-max` comes first, then the speed, `jitter`, and
`clamp` last. An event never comes before what caused it. What is drawn depends on the seed, the play, the
step and how often that took place, so the same `--seed` gives the same delays whatever else goes on.
"""

_KINDS = {float: "duration", Amount: "share or duration"}


def pace() -> str:
    """Every pace and what can be done to one."""
    text = PACE
    tables = {"How delays come about": PACES, "What is done to them": MODIFIERS}
    for title, table in tables.items():
        text += f"\n## {title}\n"
        for name in table:
            made = resolve(table, name)
            said = docstrings(import_module(made.__module__))[made.__name__]
            text += f"\n### {name}\n\n{said['']}\n\n`{made.example}`\n"
            fields = msgspec.structs.fields(made)
            text += "\n| setting | type | |\n|---|---|---|\n" if fields else ""
            for field in fields:
                text += f"| {field.name} | {_KINDS[field.type]} | {said[field.name]} |\n"
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


PAGES = {"commands.md": commands, "pace.md": pace, "scenario.md": scenario}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
