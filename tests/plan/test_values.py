"""Values with `${names}` in them: rendered, and held against what a client sent."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.plan.values import (
    Comparison,
    Difference,
    Text,
    as_text,
    compile_value,
    names_in,
    readable,
    render,
    same,
)

VALUES = {"name": "Ann", "count": 7, "flag": True, "none": None, "list": [1, "a"], "obj": {"k": "ü"}}


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${count}", 7),
        ("${flag}", True),
        ("${none}", None),
        ("${obj}", {"k": "ü"}),
        ("${count} ${flag} ${none} ${list} ${obj}", '7 true null [1,"a"] {"k":"ü"}'),
        ("$${name}", "${name}"),
        ("$${name} ${name}", "${name} Ann"),
        ("$5", "$5"),
        (["${name}", {"$${key": "${name}!"}, 1, None], ["Ann", {"${key": "Ann!"}, 1, None]),
    ],
)
def test_a_value_is_rendered_in_the_type_it_has(value: Any, rendered: Any) -> None:
    assert render(compile_value(value), VALUES.__getitem__) == rendered


def test_what_holds_no_reference_is_kept_as_it_is() -> None:
    assert compile_value({"a": ["b", 1, None, "$${x}"]}) == {"a": ["b", 1, None, "${x}"]}


def test_names_are_found_at_whatever_depth_and_shown_as_they_stood() -> None:
    compiled = compile_value({"a": ["${x} and ${y.z}", {"b": "${x}"}]})

    assert list(names_in(compiled)) == ["x", "y.z", "x"]
    assert readable(compiled) == {"a": ["${x} and ${y.z}", {"b": "${x}"}]}


@pytest.mark.parametrize(
    ("pattern", "text", "captured"),
    [
        ("/a/b", "/a/b", {}),
        ("/a/b", "/a/b/", None),
        ("/a/${x}", "/a/b", {"x": "b"}),
        ("/a/${x}", "/a/", None),
        ("/a/${x}", "/a/b/c", None),
        ("/a/${x}/${y}", "/a/b/c", {"x": "b", "y": "c"}),
        ("/a/${x}/${x}", "/a/b/b", {"x": "b"}),
        ("/a/${x}/${x}", "/a/b/c", None),
        ("/a/${known}", "/a/v.1", {}),
        ("/a/${known}", "/a/vx1", None),
        ("/a.${x}+(", "/a.b+(", {"x": "b"}),
        ("/a/${x}", "/a/ü \n%2F", {"x": "ü \n%2F"}),
        ("", "", {}),
    ],
)
def test_a_path_captures_whole_segments(pattern: str, text: str, captured: dict[str, str] | None) -> None:
    assert Text(pattern).match(text, {"known": "v.1"}, segment=True) == captured


def test_inside_a_body_a_name_captures_slashes_too() -> None:
    assert Text("see ${url}!").match("see http://x/y!", {}) == {"url": "http://x/y"}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, None, True),
        (None, 0, False),
        ("1", 1, False),
        ("a", "a", True),
    ],
)
def test_equality_is_that_of_json(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def compare(expected: Any, got: Any, *, exact: bool = False) -> Comparison:
    comparison = Comparison({"bound": 7, "text": "x"}, exact=exact)
    comparison.compare(compile_value(expected), got, "body")
    return comparison


@pytest.mark.parametrize(
    ("expected", "got", "captures"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, {}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, {}),
        ({"a": "${new}"}, {"a": [1]}, {"new": [1]}),
        ({"a": "${new}", "b": "${new}"}, {"a": 1, "b": 1}, {"new": 1}),
        ({"a": "by ${new}, ${text}"}, {"a": "by me, x"}, {"new": "me"}),
        ({"a": "${bound}"}, {"a": 7}, {}),
        ({"a": "${bound}"}, {"a": "7"}, {}),
        ([1, "${new}"], [1, 2], {"new": 2}),
        ({}, {"a": 1}, {}),
    ],
)
def test_a_body_that_has_the_listed_fields_fits(expected: Any, got: Any, captures: dict[str, Any]) -> None:
    comparison = compare(expected, got)

    assert (comparison.differences, comparison.captures) == ([], captures)


@pytest.mark.parametrize(
    ("expected", "got", "differences"),
    [
        ({"a": 1}, {}, [Difference("body.a", 1, "(missing)")]),
        ({"a": 1}, [], [Difference("body", {"a": 1}, [])]),
        ({"a": 1}, {"a": True}, [Difference("body.a", 1, True)]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [Difference("body.a.b", 1, 2)]),
        ({"a": [1, 2]}, {"a": [1]}, [Difference("body.a", [1, 2], [1])]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [Difference("body.a[1]", 2, 3)]),
        ({"a": "${bound}"}, {"a": 8}, [Difference("body.a", 7, 8)]),
        ({"a": "${new}", "b": "${new}"}, {"a": 1, "b": 2}, [Difference("body.b", 1, 2)]),
        ({"a": "is ${text}${new}"}, {"a": "is y"}, [Difference("body.a", "is x${new}", "is y")]),
        ({"a": "is ${new}"}, {"a": 7}, [Difference("body.a", "is ${new}", 7)]),
        ({"a": "${new}"}, {}, [Difference("body.a", "${new}", "(missing)")]),
    ],
)
def test_what_differs_is_named_with_what_was_expected(
    expected: Any, got: Any, differences: list[Difference]
) -> None:
    assert compare(expected, got).differences == differences


def test_an_exact_match_minds_what_is_not_listed() -> None:
    comparison = compare({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, exact=True)

    assert comparison.differences == [Difference("body.a.c", "(missing)", 2)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(value=json_values)
def test_every_value_fits_itself_and_is_captured_whole(value: Any) -> None:
    escaped = escape(value)

    assert compare(escaped, value, exact=True).differences == []
    assert compare({"it": "${new}"}, {"it": value}).captures == {"new": value}
    assert render(compile_value(escaped), VALUES.__getitem__) == value
    assert isinstance(as_text(value), str)


def escape(value: Any) -> Any:
    """The template that means exactly this value."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [escape(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("${", "$${"): escape(item) for key, item in value.items()}
    return value


@given(
    before=st.text("a/${", max_size=3),
    after=st.text("a/${", max_size=3),
    text=st.text("ab/${\n", max_size=8),
    segment=st.booleans(),
)
def test_one_name_is_found_in_a_text_as_a_pattern_would_find_it(
    before: str, after: str, text: str, *, segment: bool
) -> None:
    written = Text(before.replace("${", "$${").rstrip("$") + "${x}" + after.replace("${", "$${"))
    start, end = written.parts[0], written.parts[-1]
    first = re.escape(start) if isinstance(start, str) else ""
    last = re.escape(end) if isinstance(end, str) else ""
    pattern = re.compile(f"{first}({'[^/]+' if segment else '.+'}){last}", re.DOTALL)

    found = pattern.fullmatch(text)

    assert written.match(text, {}, segment=segment) == (None if found is None else {"x": found[1]})
    known = {"x": "a"}
    assert (written.match(text, known) is not None) == (text == written.render(known.__getitem__))
