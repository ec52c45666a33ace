"""What the tests of loading share: a small good scenario to change, and what is told of a bad one."""

from __future__ import annotations

import pytest

from replay.errors import ScenarioError
from replay.scenario.load import loads


def told(text: str) -> list[str]:
    """`line:column: what` of every problem of a file that must not load."""
    with pytest.raises(ScenarioError) as raised:
        loads(text, "f")
    return [f"{problem.line}:{problem.column}: {problem.what}" for problem in raised.value.problems]


def story(*steps: str, head: str = "") -> str:
    """A scenario of steps in flow style, from line 3; `head` is one line before them."""
    return "\n".join(
        ["version: 1", f"name: one{head and chr(10) + head}", "steps:", *(f"- {step}" for step in steps)]
    )
