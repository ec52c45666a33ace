from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.errors import ScenarioError
from replay.scenario import reader
from replay.scenario.quick import MAX_DEPTH
from replay.scenario.reader import read


def told(text: str) -> str:
    with pytest.raises(ScenarioError) as raised:
        read(text, "f")
    return str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "yes",
        "on",
        "1:30",
        "0012",
        "2014-01-02",
        "~",
        "True",
        "NULL",
        ".5",
        "0x10",
        "1_000",
        "+1",
        "1.",
        ".inf",
        ".nan",
        "0o7",
        "1e",
        "--1",
    ],
)
def test_a_scalar_that_json_does_not_know_is_text(text: str) -> None:
    assert read(f"a: {text}", "f").value == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("-0", 0),
        ("12", 12),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("-2E-1", -0.2),
        ("9" * 100, int("9" * 100)),
        ('"12"', "12"),
        ("'true'", "true"),
    ],
)
def test_a_scalar_that_json_knows_is_what_json_says(text: str, value: Any) -> None:
    read_value = read(f"a: {text}", "f").value["a"]

    assert (read_value, type(read_value)) == (value, type(value))


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("1: a\ntrue: b\nnull: c\n? d\n: e", "f").value == {
        "1": "a",
        "true": "b",
        "null": "c",
        "d": "e",
    }


def test_every_value_and_key_has_its_place() -> None:
    document = read("a: 1\nlist:\n  - {b: 2, c: [3, 4]}\n", "f")

    places = [
        document.place(path) for path in [(), ("a",), ("list", 0, "c", 1), ("list", 0, "gone"), ("list", 7)]
    ]
    assert places == [(1, 1), (1, 4), (3, 19), (3, 5), (3, 3)]
    assert document.place(("list", 0, "c"), key=True) == (3, 12)


def test_one_may_stand_for_a_list_of_one() -> None:
    assert read("a: {b: 1}", "f").place(("a", 0, "b")) == (1, 8)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read("\ufeffa: 1", "f").value == {"a": 1}


def test_the_standard_tags_are_known_and_no_others() -> None:
    text = "a: [!!str 1, !!int 2, !!float 3, !!null null, !!bool true, !!seq [], !!map {}]"

    assert repr(read(text, "f").value["a"]) == "['1', 2, 3.0, None, True, [], {}]"
    assert told("a: !!python/object:os.system x") == (
        "f:1:4: the tag '!!python/object:os.system' has no meaning here.\n"
        "  Leave the tag out; quote what is text."
    )
    assert told("a: !!int x").startswith("f:1:4: 'x' is no value for the tag '!!int'.")
    assert told("!!set {a: 1}").startswith("f:1:1: the tag '!!set' has no meaning here.")
    assert told("!x a: 1").startswith("f:1:1: the tag '!x' has no meaning here.")


def test_every_duplicate_key_is_told_with_both_its_places() -> None:
    assert told("a: 1\nb: {c: 1, c: 2}\na: 3") == (
        "f:2:11: the key 'c' is given twice, first at 2:5.\n  Keep one of them.\n"
        "f:3:1: the key 'a' is given twice, first at 1:1.\n  Keep one of them."
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "f: the file is empty."),
        ("# nothing", "f: the file is empty."),
        ("---\n", "f: the file is empty."),
        ("a: 1\n---\nb: 2", "f:2:1: a second document begins here."),
        ("<<: {a: 1}", "f:1:1: merge keys ('<<') are not part of the scenario language."),
        ("a:", "f:1:1: no value stands after 'a'."),
        ("- a\n-", "f:2:2: this entry of the list is empty."),
        ("{a:1}", "f:1:2: no value stands after 'a:1'.\n  A space belongs after the colon: 'a: 1'."),
        ("? \n: 1", "f:1:2: a key is missing here."),
        ("[1]: 2", "f:1:1: a key must be text, not a list or a mapping."),
        ("a: &a x\n*a : 1", "f:2:1: a key must be text, not an alias."),
        ("a: *b", "f:1:4: '*b' refers to nothing above."),
        ("a: &a [*a]", "f:1:8: '*a' lies within what it refers to."),
        ("a: 1e999", "f:1:4: this number is larger than a JSON reader can hold."),
        ("a: " + "9" * 5000, "f:1:4: this number is larger than a JSON reader can hold."),
        ("a: \x07", "f:1:4: the character \\u0007 cannot stand in a YAML file."),
        (
            "a: \ud800",
            "f:1:4: the character \\ud800 cannot stand in a YAML file.\n  It is half of a character.",
        ),
        ("a: x\ufeffy", "f:1:5: the character \\ufeff cannot stand in a YAML file."),
    ],
)
def test_what_a_scenario_cannot_hold_is_told_at_its_place(text: str, sentence: str) -> None:
    assert told(text).startswith(sentence)


def test_nesting_is_bounded_without_recursion() -> None:
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert read(deep, "f").value
    assert told("[" * 50_000) == f"f:1:{MAX_DEPTH + 1}: this is nested more than {MAX_DEPTH} deep."


def test_an_alias_cannot_nest_deeper_than_what_is_written_out() -> None:
    half = "[" * 60 + "]" * 60

    assert "nested more than 100 deep once '*a' is written out" in told(
        f"a: &a {half}\nb: {'[' * 50}*a{']' * 50}"
    )


def test_aliases_are_read_and_bounded() -> None:
    assert read("a: &a {x: 1}\nb: [*a, *a]", "f").value == {"a": {"x": 1}, "b": [{"x": 1}, {"x": 1}]}
    laughs = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    assert "the aliases make this file far larger than it looks" in told(laughs)
    thousand = ", ".join("x" * 1000)
    assert "far larger" in told(f"a: &a [{thousand}]\nb: [{', '.join(['*a'] * 300)}]")


def test_libyaml_and_pyyaml_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a: {b: [1, 'x', \"y\\n\"], c: null}", "a: |\n  x\n  y\nb: >-\n  z\n  w\n", "a: &a [1]\nb: *a"]
    fast = [read(text, "f") for text in texts]

    monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)

    assert [read(text, "f") for text in texts] == fast
    assert (
        told('a: "\\ud800"') == "f:1:4: this text holds half of a character.\n  Write the character itself."
    )


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text("{}[]:,-&*!|>'\"%@`?#\n\t ab01~<=\\", max_size=40))
def test_any_text_is_read_or_told(text: str) -> None:
    with suppress(ScenarioError):
        assert read(text, "f").value is not None
