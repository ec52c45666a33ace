"""Each broken file of tests/data/broken, and beside it what its author is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import ScenarioError
from replay.scenario.load import loads

BROKEN = Path(__file__).parents[1] / "data" / "broken"


@pytest.mark.parametrize("file", sorted(BROKEN.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_broken_file_is_told_with_place_and_help(file: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        loads(file.read_text("utf-8"), file.name)

    assert f"{raised.value}\n" == file.with_suffix(".txt").read_text("utf-8")


def test_there_is_a_file_for_every_frequent_mistake() -> None:
    assert len(list(BROKEN.glob("*.yaml"))) >= 20
