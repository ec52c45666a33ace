from __future__ import annotations

import random  # noqa: TID251  one fixed seed, no play depends on it
from pathlib import Path

import pytest

from replay.errors import ScenarioError
from replay.scenario.dump import dumps
from replay.scenario.load import load, loads
from replay.scenario.model import Scenario

from .told import told

ROOT = Path(__file__).parents[2]


def test_a_file_is_read() -> None:
    scenario = load(ROOT / "scenarios" / "accept-chat.yaml")

    assert (scenario.name, [step.id for step in scenario.steps]) == (
        "accept-chat",
        ["invited", "accept", "chatting", "participants", "history"],
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"version: 1\nname: \xe9\n", ":2:7: the byte 0xe9 is not UTF-8.\n  Save the file as UTF-8."),
        ("version: 1".encode("utf-16"), ":1:1: the byte 0xff is not UTF-8.\n  Save the file as UTF-8."),
        (b"", ": the file is empty.\n  It begins with 'version: 1'."),
    ],
)
def test_a_file_that_is_no_text_is_told(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)

    with pytest.raises(ScenarioError) as raised:
        load(path)

    assert str(raised.value) == f"{path}{said}"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfversion: 1\nname: one\nsteps: []")

    assert load(path) == Scenario(version=1, name="one", steps=[])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path, reason in [(tmp_path / "x.yaml", "no such file or directory"), (tmp_path, "is a directory")]:
        with pytest.raises(ScenarioError) as raised:
            load(path)

        assert str(raised.value) == f"{path}: the file cannot be read: {reason}."


def test_of_many_problems_the_first_twenty_are_shown_and_the_others_counted() -> None:
    for text in (
        "version: 1\nname: one\nsteps: []\n" + "x: 1\n" * 31,
        "\n".join(f"x{at}: 1" for at in range(28)),
    ):
        said = told(text)

        assert (len(said), said[-1]) == (
            21,
            "0:0: and 10 more problems" if "x27" not in text else "0:0: and 11 more problems",
        )


def test_problems_come_in_the_order_of_the_file() -> None:
    lines = [int(said.split(":")[0]) for said in told("steps: [{}]\nname: 1\nx: 2\nversion: 3")]

    assert lines == [1, 2, 3, 4]


def test_a_changed_file_is_a_good_scenario_or_told() -> None:
    text = (ROOT / "scenarios" / "accept-chat.yaml").read_text("utf-8")
    draw = random.Random(852)
    pieces = [*"{}[]:,-&*!|>'\"%@`?#\n\t ~<", "${", ": ", "- ", "\x85", "\ufeff", "\x00", "start", "accept"]

    for _ in range(400):
        changed = text[: draw.randrange(len(text))] if draw.random() < 0.5 else text
        for _ in range(draw.choice([1, 1, 2, 5])):
            at = draw.randrange(len(changed) + 1)
            changed = (
                changed[:at] + draw.choice(["", *pieces]) + changed[at + draw.choice([0, 0, 1, 3, 30]) :]
            )
        try:
            scenario = loads(changed)
        except ScenarioError:
            continue
        assert loads(dumps(scenario)) == scenario
