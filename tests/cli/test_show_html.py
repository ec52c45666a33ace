"""`show --html`, as far as the command goes; what its page shows is seen in tests/browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from replay.cli.show import show
from replay.errors import UsageError
from replay.journal import Journal

SCENARIO = Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml"


def shown(*arguments: str | Path) -> Result:
    return CliRunner().invoke(show, [str(each) for each in arguments], catch_exceptions=False)


def test_a_page_goes_to_standard_output_and_nothing_else_does() -> None:
    output = shown(SCENARIO, "--html", "-").stdout
    assert output.startswith("<!doctype html>")
    assert output.rstrip().endswith("</html>")


def test_what_was_in_the_file_before_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine", encoding="utf-8")
    told = shown(SCENARIO, "--html", page)
    assert (tmp_path / "page.html~").read_text(encoding="utf-8") == "mine"
    assert "is kept as" in told.stderr


def test_the_file_that_is_read_is_never_written_over(tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_bytes(SCENARIO.read_bytes())
    with pytest.raises(UsageError, match="is what is to be read"):
        shown(story, "--html", story)
    assert story.read_bytes() == SCENARIO.read_bytes()


def test_a_page_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        shown(SCENARIO, "--html", tmp_path / "no" / "page.html")


def test_of_one_agent_there_is_what_happened_to_it_and_to_nobody_in_particular(tmp_path: Path) -> None:
    journal = Journal()
    for agent in ("ann", "bob", ""):
        journal.note("agent" if agent else "switch", 0.0, agent, mark=f"of-{agent or 'all'}")
    file = tmp_path / "journal.jsonl"
    file.write_bytes(journal.lines())
    page = shown(file, "--agent", "ann", "--html", "-").stdout
    assert ["of-ann" in page, "of-bob" in page, "of-all" in page] == [True, False, True]


def test_what_a_script_could_be_ended_by_is_written_so_that_it_is_not(tmp_path: Path) -> None:
    journal = Journal()
    journal.note("agent", 0.0, "</script>\u2028\u2029")
    file = tmp_path / "journal.jsonl"
    file.write_bytes(journal.lines())
    assert '"agent":"\\u003c/script>\\u2028\\u2029"' in shown(file, "--html", "-").stdout
