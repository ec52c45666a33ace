"""The pages that people read are held against the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from replay.cli import group
from replay.registry import COMMANDS, FAULTS, resolve
from replay.scenario.fault_files import load_faults
from replay.scenario.load import load, loads
from replay.server.serving import serve

from .docs import DOCS, PAGES

ROOT = DOCS.parent
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PROSE = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.glob("*.md"))]
ALL_PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *(ROOT / "examples").glob("*/README.md")]


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


def _links(page: Path) -> list[str]:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def _anchors(page: Path) -> set[str]:
    """What the headings of a page are called in its links."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_no_page_links_to_a_file_or_a_heading_that_is_not_there() -> None:
    followed = 0
    for page in ALL_PAGES:
        for link in _links(page):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{page.name} links to {link}"
            assert not anchor or anchor in _anchors(target), f"{page.name} links to {link}"
            followed += 1

    assert followed > 100


def test_no_page_names_an_option_that_a_command_has_not() -> None:
    options = {
        name: {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        for name, command in ((name, resolve(COMMANDS, name)) for name in COMMANDS)
    }
    shared = {option for each in group.params for option in each.opts} | {"--help"}
    named = [
        (page.name, command, option)
        for page in ALL_PAGES
        for command, rest in re.findall(
            r"\breplay (\w+)((?: [^`\n|;&#]*)?)", page.read_text(encoding="utf-8")
        )
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", rest)
        if command in options
    ]

    assert [each for each in named if each[2] not in options[each[1]] | shared] == []
    assert len(named) > 50


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
