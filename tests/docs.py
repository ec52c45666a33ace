"""Writes the generated pages of docs/: `python -m tests.docs`. A test holds them against the code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from replay.cli import group
from replay.faults.presets import Preset
from replay.faults.reference import entries, rule_fields, where_fields
from replay.profiles import genesys_settings
from replay.registry import COMMANDS, MODIFIERS, PACES, PRESETS, resolve
from replay.scenario.dump import dumps_faults
from replay.scenario.paces import Amount
from replay.scenario.schema import docstrings, schema
from tests.faults.observed.case import Case
from tests.faults.observed.table import CASES
from tests.faults.observed.table import PRESETS as CASES_OF_PRESETS
from tests.library.coverage import coverage

DOCS = Path(__file__).parents[1] / "docs"
EXPLAINED = """\
With examples: [how to write one](howto-scenario.md); [values](values.md) (`variables`),
[states](states.md) (`needs`, `until`, `repeat`), [expectations](expectations.md) (`expect`),
[composition](composition.md) (`extends`, `include`, `without`, `before`), [pace](pace.md),
[faults](faults.md), [quirks](quirks.md) (`profile_settings`, `demands`),
[the library](library.md) (`offered`, `again`).
"""
"""Where keys are explained at length."""


def commands() -> str:
    """Every command's help."""
    text = "# Commands\n\nWritten by `python -m tests.docs` from the commands' own help.\n"
    parent = click.Context(group, info_name="replay", max_content_width=100, terminal_width=100)
    text += f"\n## replay\n\n```\n{group.get_help(parent)}\n```\n"
    for name in COMMANDS:
        command: click.Command = resolve(COMMANDS, name)
        context = click.Context(command, info_name=name, parent=parent, max_content_width=100)
        text += f"\n## replay {name}\n\n```\n{command.get_help(context)}\n```\n"
    return text


def scenario() -> str:
    """Every key of a scenario."""
    described = schema()
    parts = {"Scenario": _resolved(described, described), **described["$defs"]}
    text = "# The scenario file\n\n"
    text += "Written by `python -m tests.docs` from the model; `replay schema` prints the JSON Schema.\n\n"
    text += EXPLAINED
    for name, part in parts.items():
        if "properties" not in part or (name == "Scenario" and "Scenario" in text.split("## ")[1:]):
            continue
        if name == "LaidStep":
            described_by = (
                "Its keys are those of RequestStep and PushStep: see [composition](composition.md)."
            )
            text += f"\n## {name}\n\n{part['description']}\n\n{described_by}\n"
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


RULES = """
A fault is a rule: what goes wrong, where, and which of the times. Rules stand under `faults:` of a
scenario, in a file of their own (`--faults FILE`: a list of them, or `{presets: [flaky], faults: […]}`),
are put up at run time by a control call, or come with one request in its header. `replay faults` lists
all there are, and `replay faults NAME` says everything of one.

```yaml
- name: slow-accept
  fault: latency
  where: {step: accept}
  settings: {delay: "lognormal(median 800ms, p99 4s)"}
  chance: 20%
- name: lost-after-a-while
  fault: unknown-client
  where: {meta: connect}
  from: 1s
  limit: 1
```

A rule that can do nothing is an error, never silently nothing: a name there is none of, a setting that
its fault does not have, a `messageType` that no step sends, a fault of events aimed at a request, two
rules that decide the same thing at the same times. What a variable decides (`${chat}`) may be anything.

## Which of the times

A rule looks at every occasion that its `where` fits: requests that are steps of the agent's, events that
are due to it, and Bayeux messages where `meta` names them or the fault is one of theirs. Of these, in this
order:

1. those between `from` and `until` count;
2. `nth`, `every` or `first` say which of the counted are meant;
3. `chance` draws for each that is meant;
4. after `limit` strikes there are no more.

All counts are one agent's own, and draws are keyed by seed, rule, agent, step and occurrence: the same
seed brings the same faults to the same agents, however many there are. How often a client polls is its
own affair, so `chance` does not draw for connects.

Times of faults (`delay: 1s`) are real time whatever the pace; `from` and `until` are the scenario's.

## Which rules come first

Rules come from four sources. Of those that strike at one moment only the foremost source's do: the
request's own header, what was put up at run time, `--faults` and `--preset`, the scenario. A rule takes
the place of one of its name in a source behind it.

## What clients observe

What is listed under *Observed* is what real clients reported, word for word, in tests that run them: `make
faults-demo` runs them all and prints the table. Each is told a short story: an agent shakes hands,
subscribes, is *invited* to a chat, accepts it, and hears three events more: *chatting*, *participants*,
*history*. Where the list says *then*, it sent the request once more. What is not mentioned went as ever.
"""


def faults() -> str:
    """Every fault and preset."""
    text = "# Faults\n\nWritten by `python -m tests.docs` from the faults themselves.\n" + RULES
    for title, fields in (("A rule", rule_fields()), ("Its `where`", where_fields())):
        text += f"\n## {title}\n\n| key | |\n|---|---|\n"
        text += "".join(f"| `{name}` | {about} |\n" for name, about in fields.items())
    group = ""
    for each in entries():
        if each.group != group:
            group = each.group
            text += f"\n## {group}\n"
        text += f"\n### {each.name}\n\n{each.does}{' ' * bool(each.more)}{each.more}\n\n"
        text += f"**Observed:** {each.observed}\n\n"
        text += "".join(_row(case) for case in CASES if case.fault == each.name)
        text += f"\n**Strikes at** {each.strikes}.\n"
        if each.settings:
            text += "\n| setting | takes | default | |\n|---|---|---|---|\n"
        for one in each.settings:
            default = _code(one.default if not isinstance(one.default, bool) else str(one.default).lower())
            text += f"| `{one.name}` | {one.takes} | {default} | {one.about} |\n"
        text += f"\n```yaml\n{each.example}```\n"
    text += (
        "\n## Presets\n\nFor `--preset NAME` and `presets:`. Of a preset's faults those are applied that find"
    )
    text += " something to strike at.\n"
    for name in PRESETS:
        preset: Preset = resolve(PRESETS, name)
        text += f"\n### {name}\n\n{preset.does}\n\n**Observed:**\n\n"
        text += "".join(
            f"- {case.client.name}: {case.expected}\n" for case in CASES_OF_PRESETS if case.preset == name
        )
        text += f"\n```yaml\n{dumps_faults(preset.faults)}```\n"
    return text


SETTINGS = re.compile("(<!-- written by .*? -->\n).*?(<!-- so far -->)", re.DOTALL)
"""The part of the page on quirks that the settings themselves say."""


def quirks() -> str:
    """The page as it is, with the tables of what there is to set."""
    said, fields = docstrings(genesys_settings)["Settings"], msgspec.structs.fields(genesys_settings.Settings)
    text = "\n| setting | values | |\n|---|---|---|\n"
    for field in fields:
        values = " \\| ".join(f"`{value}`" for value in _values(field.type))
        text += f"| `{field.name}` | {values} | {said[field.name]} |\n"
    text += "\n| version | statusCodes | settings |\n|---|---|---|\n"
    for name, version in genesys_settings.VERSIONS.items():
        given = ((each.name, getattr(version.settings, each.name)) for each in fields)
        told = ", ".join(f"`{key}={_word(value)}`" for key, value in given if value is not None)
        text += f"| {name} | 0 to {version.codes} | {told} |\n"
    page = (DOCS / "quirks.md").read_text(encoding="utf-8")
    return SETTINGS.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def _values(annotation: Any) -> list[str]:
    """What a setting can be."""
    kinds = [get_args(each) or each for each in get_args(annotation)]
    return [str(value) for kind in kinds if isinstance(kind, tuple) for value in kind] or ["true", "false"]


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(case: Case) -> str:
    """What one client observed of a fault."""
    return f"- {case.client.name}, `{case.rule}`: {case.expected}\n"


def _resolved(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref", "")
    return whole["$defs"][reference.rpartition("/")[2]] if reference else part


def _code(value: Any) -> str:
    return "" if value in ("", [], {}, None) else f"`{value}`"


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2]
    if len(value.get("enum", ())) > 10:
        return "a name"
    if "enum" in value:
        return " \\| ".join(f"`{each}`" for each in value["enum"])
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(each) for each in value["anyOf"]))
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    return str(value.get("type", "any JSON"))


PAGES = {
    "commands.md": commands,
    "coverage.md": coverage,
    "faults.md": faults,
    "pace.md": pace,
    "quirks.md": quirks,
    "scenario.md": scenario,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
