"""A scenario as the file a person would write; the same scenario is always the same text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from replay.errors import Problem, ScenarioError
from replay.scenario.model import Fault, Scenario, Step, fields_of
from replay.scenario.quick import MAX_DEPTH
from replay.scenario.scalars import literal, scalar
from replay.scenario.schema import SCHEMA_URL

WIDTH = 100
"""A mapping or list that fits within so many columns stands on one line."""

# Parsers look for the colon of a key on its own line within 1024 characters.
_LONGEST_KEY = 1000


def dumps(scenario: Scenario) -> str:
    """The text of a scenario; `loads` makes an equal one of it.

    Raises:
        ScenarioError: it holds a value that no YAML file can hold.
    """
    lines = [f"# yaml-language-server: $schema={SCHEMA_URL}"]
    for name, value in _fields(scenario):
        match name:
            case "session" | "steps":
                lines += ["", *_steps(name, getattr(scenario, name))]
            case "variables":
                lines += ["", "variables:", *_block(value, 2)]
            case _:
                lines += _field(name, value, 0)
    return "\n".join(lines) + "\n"


def dumps_steps(steps: Iterable[Step]) -> str:
    """The text of steps, as it stands at the end of a scenario's."""
    return "".join(f"{line}\n" for line in ["", *_steps("steps", steps)[1:]])


def dumps_faults(faults: Iterable[Fault]) -> str:
    """The text of a file of faults; `load_faults` makes equal ones of it."""
    fields = (_fields(fault) for fault in faults)
    lines = [_entry([line for key, value in each for line in _field(key, value, 2)], 0) for each in fields]
    return "".join(f"{line}\n" for entry in lines for line in entry)


def write(path: Path, scenario: Scenario) -> Path | None:
    """Writes the file in one move, so that nobody ever reads half of it.

    A file that is there and differs is kept beside it as `NAME.yaml~`; returns the path of what was kept.
    """
    return put(path, dumps(scenario))


def put(path: Path, text: str) -> Path | None:
    """Writes a text of your own in the same way."""
    data = text.encode("utf-8")
    kept = None
    if path.exists():
        before = path.read_bytes()
        if before == data:
            return None
        kept = path.with_name(path.name + "~")
        _replace(kept, before)
    _replace(path, data)
    return kept


def overwrite(path: Path, text: str) -> None:
    """Writes a text over one that was written before, in the same way; nothing is kept."""
    _replace(path, text.encode("utf-8"))


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _fields(part: msgspec.Struct) -> list[tuple[str, Any]]:
    """The fields of a part that say more than their defaults, as plain values."""
    found = []
    for field in fields_of(type(part)):
        value = getattr(part, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if value is msgspec.UNSET or (not field.required and value == default):
            continue
        found.append((field.encode_name, _plain(value)))
    return found


def _plain(value: Any) -> Any:
    """The value with the model's structs as mappings; values of the file are left as they are."""
    if isinstance(value, msgspec.Struct):
        return dict(_fields(value))
    if isinstance(value, list) and any(isinstance(item, msgspec.Struct) for item in value):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and any(isinstance(item, msgspec.Struct) for item in value.values()):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _steps(name: str, steps: Iterable[Step]) -> list[str]:
    lines: list[str] = []
    for step in steps:
        fields = dict(_fields(step))
        answers = fields.get("respond")
        if answers is not None and len(answers) == 1:
            fields["respond"] = answers[0]
        inner = [line for key, value in fields.items() for line in _field(key, value, 4)]
        lines += ["", *_entry(inner, 2)]
    return [f"{name}:", *lines[1:]] if lines else [f"{name}: []"]


def _field(key: str, value: Any, indent: int) -> list[str]:
    """`key: value`, its first line indented by so many columns."""
    margin = " " * indent
    name = scalar(key)
    head = f"{margin}{name}:"
    if len(name) > _LONGEST_KEY:
        head = f"{margin}? {name}\n{margin}:"
    beside, below = _value(value, indent + 2, WIDTH - indent - len(name) - 2)
    return [head if beside is None else f"{head} {beside}", *below]


def _value(value: Any, indent: int, room: int) -> tuple[str | None, list[str]]:
    """What stands beside a key or a dash, and the lines below, indented by so many columns."""
    if isinstance(value, (dict, list)):
        # What is empty has no other style than this one.
        beside = _flow(value, room if value else 2)
        return (beside, []) if beside is not None else (None, _block(value, indent))
    lines = literal(value) if isinstance(value, str) else None
    if lines is None:
        return scalar(value), []
    return lines[0], [f"{' ' * indent}{line}" if line else "" for line in lines[1:]]


def _block(value: dict[str, Any] | list[Any], indent: int) -> list[str]:
    if indent > 2 * MAX_DEPTH:
        what = f"a value is nested more than {MAX_DEPTH} deep"
        raise ScenarioError([Problem(file="scenario", what=what)])
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _field(key, inner, indent)]
    lines = []
    for item in value:
        beside, below = _value(item, indent + 2, WIDTH - indent - 2)
        lines += _entry(below, indent) if beside is None else [f"{' ' * indent}- {beside}", *below]
    return lines


def _entry(lines: list[str], indent: int) -> list[str]:
    """Lines indented by `indent + 2`, as one entry of a list indented by `indent`."""
    return [f"{' ' * indent}- {lines[0][indent + 2 :]}", *lines[1:]]


def _flow(value: Any, room: int) -> str | None:
    """A value in the style of JSON; None if it takes more than `room` columns or holds a text of lines."""
    if isinstance(value, str) and (len(value) > room or literal(value) is not None):
        return None
    if not isinstance(value, (dict, list)):
        text = scalar(value, flow=True)
        return text if len(text) <= room else None
    if room < 2:
        return None
    parts = []
    # The brackets take two, and the last part has no ", " behind it.
    left = room
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        name = f"{scalar(key, flow=True)}: " if isinstance(value, dict) else ""
        part = _flow(inner, left - len(name) - 2)
        if part is None:
            return None
        parts.append(name + part)
        left -= len(parts[-1]) + 2
    inside = ", ".join(parts)
    return f"{{{inside}}}" if isinstance(value, dict) else f"[{inside}]"
