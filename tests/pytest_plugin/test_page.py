"""docs/pytest.md: its tests are run, and what it says that pytest prints is what it prints."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from replay.fixtures.wanted import keywords
from replay.server.simulated import Simulated

from .conftest import Run
from .snapshots import HERE

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")


def test_the_tests_of_the_page_pass(run: Run, pytester: pytest.Pytester) -> None:
    files = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.DOTALL))
    for name, text in files.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    client = (HERE.parent / "agent.py").read_text(encoding="utf-8").replace("class Agent", "class Desk")
    pytester.path.joinpath("mydesk.py").write_text(client, encoding="utf-8")

    result = run("")

    result.assert_outcomes(passed="".join(files.values()).count("def test_"))
    assert files.keys() >= {"conftest.py", "test_desk.py", "test_async_desk.py", "test_expecting.py"}


def test_what_the_page_says_of_a_failure_is_what_pytest_prints() -> None:
    kept = (HERE / "wrong_nickname_field.txt").read_text(encoding="utf-8")

    assert f"```\n{kept}```\n" in PAGE


def test_every_keyword_of_the_marker_and_every_name_of_a_simulator_is_on_the_page() -> None:
    marker, fixtures = PAGE.split("## The fixtures")
    names = [name for name, _ in inspect.getmembers(Simulated) if not name.startswith("_")]

    assert [name for name in keywords() if f"`{name}" not in marker] == []
    assert [name for name in [*names, "clock"] if not re.search(rf"`{name}\b", fixtures)] == []
