"""The pages that people read are held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from replay.registry import COMMANDS
from replay.scenario.load import loads

from .docs import DOCS, PAGES

ROOT = DOCS.parent
PROSE = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "write it again: python -m tests.docs"


def test_every_scenario_in_the_prose_loads() -> None:
    blocks = [
        (page.name, block)
        for page in PROSE
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]

    assert [loads(block, name).version for name, block in blocks] == [1] * len(blocks)
    assert blocks


def test_the_readme_is_short_and_names_only_commands_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(readme.splitlines()) <= 200
    assert set(re.findall(r"`replay (\w+)", readme)) <= set(COMMANDS)
    assert set(re.findall(r"^\$ replay (\w+)", readme, re.MULTILINE)) <= set(COMMANDS)


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [name for name in COMMANDS if f"replay {name}" not in readme] == []


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    for page in PROSE:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / Path(link)).exists(), f"{page.name} links to {link}"
