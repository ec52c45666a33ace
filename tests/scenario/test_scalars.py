from __future__ import annotations

import pytest
import yaml
from hypothesis import given

from replay.errors import ScenarioError
from replay.scenario.scalars import literal, scalar

from .strategies import numbers, strings


@pytest.mark.parametrize(
    "text",
    ["0000Na9B26EF002X", "009052C5E743004C", "start + 1.2s", "/v2/me/chats", "Who am I?", "38ms", "Größe"],
)
def test_what_nobody_misreads_stands_without_quotes(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "y",
        "ON",
        "~",
        "",
        "=",
        "<<",
        "1:30",
        "0012",
        "0o17",
        "0x1F",
        "1_000",
        "2014-01-02",
        "12e4567",
        "1,000",
        ".5",
        "NaN",
        "${chat}",
        "- a",
        "a: b",
        "a #b",
        "a:",
        "null",
        "True",
        "@x",
        "%x",
        "*x",
        "&x",
        "!x",
    ],
)
def test_what_some_parser_misreads_stands_in_quotes(text: str) -> None:
    assert scalar(text) == f'"{text}"'


@pytest.mark.parametrize("text", ["a, b", "a]", "{a", "http://host/", "POST /chats/${chat}"])
def test_what_has_a_meaning_in_braces_is_quoted_there(text: str) -> None:
    assert scalar(text, flow=True).startswith('"')


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ("\x07\x85\u2028\U000e0001", '"\\x07\\x85\\u2028\\U000e0001"'),
        ("日本語 😀\t", '"日本語 😀\\t"'),
    ],
)
def test_control_characters_are_escaped_and_letters_stay_readable(text: str, written: str) -> None:
    assert scalar(text) == written


@given(strings | numbers)
def test_a_yaml_1_1_parser_reads_what_was_written(value: str | float) -> None:
    block, flow = (yaml.safe_load(text) for text in (f"a: {scalar(value)}", f"[{scalar(value, flow=True)}]"))

    assert (block, flow) == ({"a": value}, [value])
    assert type(block["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["|-", "a", "b"]),
        ("a\n  b\n\nc\n", ["|", "a", "  b", "", "c"]),
        ("one line", None),
        ("one line\n", None),
        (" a\nb", None),
        ("\na", None),
        ("a \nb", None),
        ("a\tb\nc", None),
        ("a\nb\n\n", None),
    ],
)
def test_a_text_of_lines_is_a_block_where_no_parser_misreads_it(text: str, lines: list[str] | None) -> None:
    assert literal(text) == lines


@pytest.mark.parametrize("value", ["\ud83d", float("nan"), float("-inf")])
def test_what_no_file_can_hold_is_refused(value: str | float) -> None:
    with pytest.raises(ScenarioError):
        scalar(value)
