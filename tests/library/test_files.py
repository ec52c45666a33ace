"""What every file of the library has to say of itself, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.cli.check import leaks_in_scenario
from replay.library import library, name_of


@pytest.mark.parametrize("path", library(), ids=name_of)
def test_nothing_in_it_looks_like_a_secret_or_tells_of_a_person(path: Path) -> None:
    assert list(leaks_in_scenario(path)) == []
