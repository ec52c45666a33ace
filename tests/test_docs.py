"""The pages that people read are held against the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from replay.registry import COMMANDS, FAULTS
from replay.scenario.fault_files import load_faults
from replay.scenario.load import load, loads
from replay.server.serving import serve

from .docs import DOCS, PAGES

ROOT = DOCS.parent
PROSE = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "write it again: python -m tests.docs"


def _blocks() -> list[tuple[str, str]]:
    """The YAML that stands in the prose, each with its page."""
    return [
        (page.name, block)
        for page in PROSE
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]


def test_every_scenario_in_the_prose_loads(tmp_path: Path) -> None:
    scenarios = [(page, block) for page, block in _blocks() if not block.startswith("- ")]
    for page, block in scenarios:
        for name in re.findall(r"\A# (\S+\.yaml)\n", block):
            file = tmp_path / page / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block, encoding="utf-8")

    loaded = [loads(block, f"{tmp_path / page}/page.yaml").version for page, block in scenarios]
    assert loaded == [1] * len(scenarios)
    assert scenarios


def test_every_fault_in_the_prose_can_strike_in_the_scenario_that_comes_with_the_package(
    tmp_path: Path,
) -> None:
    accept = load(ROOT / "scenarios" / "accept-chat.yaml")
    shown: set[str] = set()
    for _, block in _blocks():
        if block.startswith("- "):
            file = tmp_path / "faults.yaml"
            file.write_text(block, encoding="utf-8")
            shown |= {fault.fault for fault in load_faults(file, [accept])}

    assert shown == set(FAULTS)


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


def _programs() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / "embed.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("program", _programs(), ids=["first", "otherwise", "faults"])
def test_a_program_of_the_docs_prints_what_they_say(
    program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(program, {})

    assert capsys.readouterr().out.splitlines() == re.findall(r"print\(.*\)  # (.*)", program)


def test_all_that_serve_takes_to_play_otherwise_is_in_the_docs() -> None:
    page = (DOCS / "embed.md").read_text(encoding="utf-8")
    taken = inspect.signature(serve).parameters
    where = {"scenarios", "host", "port", "control_port", "control_prefix", "admin_token", "watch"}

    assert [name for name in taken if name not in where and f"`{name}=" not in page] == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in PROSE if page.parent == DOCS and f"({page.name})" not in index] == [
        "README.md"
    ]


def test_how_many_faults_there_are_is_said_right() -> None:
    said = [
        (page.name, number)
        for page in PROSE
        for number in re.findall(r"(\d+) \[?faults", page.read_text("utf-8"))
    ]

    assert [(page, number) for page, number in said if number != str(len(FAULTS))] == []
    assert said
