"""What runs the commands of a page sees it when the page is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from .shell import Shell, alike, commands_of


def page(folder: Path, block: str) -> Path:
    path = folder / "page.md"
    path.write_text(f"# A page\n\n```console\n{block}\n```\n", encoding="utf-8")
    return path


def run(folder: Path, block: str) -> None:
    with Shell(folder, {}) as shell:
        for command in commands_of(page(folder, block)):
            shell.run(command)


def test_a_page_that_prints_what_commands_print_is_right(tmp_path: Path) -> None:
    run(tmp_path, "$ printf 'one\\ntwo 2\\nthree\\nfour\\n'  # so many\none\ntwo 17\n…\nfour")


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("$ echo one\ntwo", "is to print\n    two\nand prints\none"),
        ("$ printf 'one\\nmore\\ntwo\\n'\none\ntwo", "is to print\n    two"),
        ("$ echo one\none\ntwo", "is to print\n    two"),
        ("$ echo one; exit 3\none", "ended with 3"),
    ],
)
def test_a_page_that_prints_anything_else_is_wrong(block: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:4: ") as caught:
        run(tmp_path, block)
    assert why in str(caught.value)


def test_numbers_and_ids_may_be_others_and_words_may_not() -> None:
    assert alike("12 steps of 0000Na9B26EF002X", "3 steps of  0000BFcsAQCET1234")
    assert not alike("12 steps", "12 stops")
