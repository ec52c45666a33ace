"""Reports on terminals of all widths, and in files."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from replay.cli.printing import Line, Row, Rows, print_lines

ROW = Row("data.chat.capabilities[0]", "Transfer", "SendStopTypingNotification", "5 ms later")
WIDE = "    data.chat.capabilities[0]  Transfer  →  SendStopTypingNotification  5 ms later"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, columns: int, *lines: Line) -> list[str]:
    """What stands on a terminal of so many columns that knows no colours."""
    for name, value in {"COLUMNS": str(columns), "LINES": "50", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    print_lines(lines, stream)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("columns", [80, 200])
def test_values_stand_beside_each_other_where_there_is_room(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = printed(monkeypatch, columns, Rows([ROW], indent=4))

    assert lines[0].startswith("    data.chat.capabilities[0]  Transfer  →  SendStop")
    assert (lines == [WIDE]) == (columns == 200)


def test_values_stand_below_each_other_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, 40, Rows([ROW, ROW._replace(a="x" * 40, aside="")], indent=4)) == [
        "    data.chat.capabilities[0]",
        "       Transfer",
        "     → SendStopTypingNotification",
        "       5 ms later",
        "    data.chat.capabilities[0]",
        "       " + "x" * 33,
        "       " + "x" * 7,
        "     → SendStopTypingNotification",
    ]


def test_in_a_file_no_line_is_broken_and_none_ends_in_spaces() -> None:
    stream = io.StringIO()
    print_lines([Text("word " * 100), Rows([ROW, ROW._replace(b="short", aside="")], indent=4)], stream)

    assert stream.getvalue().splitlines() == [
        ("word " * 100).rstrip(),
        WIDE,
        "    data.chat.capabilities[0]  Transfer  →  short",
    ]
