"""Files that are made of each other, in a folder of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import ScenarioError
from replay.scenario.load import load

BASE = """\
version: 1
name: base
about: what all have in common
profile: plain
source: {recorded: "2014-01-02T14:23:20-08:00", document: here}
cometd: {path: /cometd, timeout: 20s}
pace: fixed(50ms)
variables:
  chat: {recorded: c1}
  me: {recorded: m1, make: uuid}
shift_times: [timestamp]
ignore: [serial]
faults:
  - {name: slow, fault: latency, where: {step: accept}, settings: {delay: 1s}}
expect:
  - {step: accept}
session:
  - {id: ready, request: POST /ready}
steps:
  - {id: invited, push: /chats, data: {chat: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", body: {do: accept}, respond: {after: 40ms, body: {code: 0}}}
  - {id: told, push: /chats, after: accept + 40ms, data: {by: "${accept.chat}"}}
"""


def write(folder: Path, **texts: str) -> Path:
    """Files by their names, `__` for a folder; returns the first one."""
    paths = []
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths[0]


def variant(*lines: str, of: str = "extends: base") -> str:
    """A file that is made of others; what is said of it begins on line 4."""
    return "\n".join(["version: 1", "name: variant", of, *lines]) + "\n"


def told(path: Path) -> list[str]:
    """`file:line:column: what` of every problem of a file that must not load, and what helps."""
    with pytest.raises(ScenarioError) as raised:
        load(path)
    folder = f"{path.parent}/"
    return [str(problem).replace(folder, "") for problem in raised.value.problems]
