from __future__ import annotations

from typing import Any

import pytest

from replay.plan.difference import Difference
from replay.plan.values import MISSING
from replay.verify.compare import Likeness, Row, compare
from replay.verify.role import Seen

A, B, C = "0000Na9B26EF002X", "0000Wa9CAM6W00JQ", "0000Xb9CAM6W00JQ"
MOVED = {"timestamp", "timestampSeconds"}


def alike(*pairs: tuple[Any, Any]) -> list[bool]:
    """Whether each pair is alike, given those before it."""
    likeness = Likeness(MOVED)
    return [not likeness.differences(one, other, "value") for one, other in pairs]


def test_what_is_equal_is_alike() -> None:
    value = {"a": [1, 2.5, True, None, "Grüße", {"b": []}], "c": A}

    assert alike((value, value)) == [True]


def test_ids_may_differ_if_they_do_so_everywhere() -> None:
    assert alike((A, B), (f"/chats/{A}?x", f"/chats/{B}?x"), (A, B)) == [True, True, True]


@pytest.mark.parametrize("again", [(A, A), (A, C), (C, B), (B, B)])
def test_an_id_is_the_same_everywhere(again: tuple[str, str]) -> None:
    assert alike((A, B), again) == [True, False]


def test_an_id_that_stayed_the_same_stays_so() -> None:
    assert alike((A, A), (A, B), (C, A)) == [True, False, False]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Chatting", "Invited"),
        (A, A[:-1]),
        (f"/chats/{A}", f"/calls/{B}"),
        ("one two", "one"),
        ("ab", "a b"),
        ("Marat", "Ma-at"),
        (17, 18),
        (1, True),
        (0, False),
        (1, "1"),
        (None, ""),
        ([1], [1, 2]),
        ({}, []),
    ],
)
def test_other_values_must_be_the_same(one: Any, other: Any) -> None:
    assert alike((one, other)) == [False]


def test_a_host_is_always_the_same_host() -> None:
    one, other = "http://127.0.0.1:18083/api/v2/x", "http://127.0.0.1:8090/api/v2/x"

    assert alike((one, other), (one, other), (one, "http://elsewhere/api/v2/x")) == [True, True, False]


def test_two_names_of_a_server_may_become_one() -> None:
    assert alike(("http://a/x", "http://c/x"), ("http://b/x", "http://c/x")) == [True, True]


def test_times_differ_by_one_constant_in_whatever_form() -> None:
    first = {"timestamp": "2014-01-02T14:23:18.000-0800", "timestampSeconds": 1388701398000}
    second = {"timestamp": "2024-01-02T14:23:18.000-0800", "timestampSeconds": 1704234198000}
    astray = {"timestamp": "2024-01-02T14:23:18.100-0800", "timestampSeconds": 1704234198000}

    assert alike((first, second), (first, second), (first, astray)) == [True, True, False]


@pytest.mark.parametrize(
    "other", ["2014-01-02 14:23:18.000-0800", "2014-01-02T14:23:18.00-0800", "soon", 1388701398]
)
def test_a_time_keeps_its_form(other: Any) -> None:
    assert alike(({"timestamp": "2014-01-02T14:23:18.000-0800"}, {"timestamp": other})) == [False]


def test_what_is_no_time_is_compared_as_it_is() -> None:
    assert alike(({"timestamp": "soon"}, {"timestamp": "later"}), ({"timestamp": 1}, {"timestamp": 1})) == [
        False,
        True,
    ]


def test_differences_say_where() -> None:
    one = {"a": 1, "b": [{"c": "x"}], "d": 0}
    other = {"b": [{"c": "y"}], "a": 1, "e": None}

    assert Likeness(()).differences(one, other, "data") == [
        Difference("data.d", 0, MISSING),
        Difference("data.e", MISSING, None),
        Difference("data.b[0].c", "x", "y"),
    ]


def seen(at: float, what: str = "/a invited", kind: str = "event", value: Any = None) -> Seen:
    return Seen(at=at, kind=kind, step="x", what=what, value=value)


def test_runs_are_held_against_each_other_row_by_row() -> None:
    one = [seen(1.0), seen(1.5, value={"id": A})]
    other = [seen(3.0), seen(3.75, value={"id": B})]

    rows = compare(one, other, ())

    assert [(row.agrees, row.apart) for row in rows] == [(True, 2.0), (True, 0.25)]


def test_what_only_one_run_has_stands_alone() -> None:
    assert compare([seen(1.0), seen(2.0)], [seen(1.0)], ()) == [
        Row(one=seen(1.0), other=seen(1.0)),
        Row(one=seen(2.0), other=None),
    ]
    assert not compare([], [seen(1.0)], ())[0].agrees


def test_another_kind_of_thing_differs() -> None:
    [row] = compare([seen(1.0, kind="answer", what="200")], [seen(1.0, kind="event", what="500")], ())

    assert [each.field for each in row.differences] == ["kind", "what"]
    assert not row.agrees
