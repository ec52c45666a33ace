from __future__ import annotations

from replay.scenario.model import PushStep, Scenario
from replay.scenario.walk import placed_steps, placed_strings


def test_steps_come_with_their_paths_the_session_first() -> None:
    a, b = (PushStep(id=name, push="/c", data=None) for name in "ab")

    assert list(placed_steps(Scenario(version=1, name="one", session=[b], steps=[a]))) == [
        (("session", 0), b),
        (("steps", 0), a),
    ]


def test_strings_come_with_their_paths_keys_included() -> None:
    assert list(placed_strings({"k": ["x", 1, {"l": "y"}]}, ("data",))) == [
        (("data", "k"), "k"),
        (("data", "k", 0), "x"),
        (("data", "k", 2, "l"), "l"),
        (("data", "k", 2, "l"), "y"),
    ]
