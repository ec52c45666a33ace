"""Values that differ, as a person sees them: short, printable, and never the same on both sides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cli.shown import LONGEST, both, shown
from replay.verify.diff_values import ABSENT

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=4)
    | st.sampled_from(["0", "null", "x" * 500]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("Invited", "Chatting", ("Invited", "Chatting")),
        (0, "0", ("0", '"0"')),
        (True, "true", ("true", '"true"')),
        (None, "null", ("null", '"null"')),
        ("Hello", "Hello ", ("Hello", '"Hello "')),
        (" ", '" "', ('" "', '"\\" \\""')),
        ("Hello", "", ("Hello", '""')),
        ("Hello", ABSENT, ("Hello", ABSENT)),
        (ABSENT, 7, (ABSENT, "7")),
        ("a\x1b[31m", "a", ('"a\\u001b[31m"', "a")),
        ("x" * 200 + "1", "x" * 200 + "2",
         (f"…{'x' * 20}1 (201 characters)", f"…{'x' * 20}2 (201 characters)")),
        ("1" + "x" * 200, "2" + "x" * 200,
         (f"1{'x' * 119}… (201 characters)", f"2{'x' * 119}… (201 characters)")),
    ],
)  # fmt: skip
def test_one_sees_what_differs(a: Any, b: Any, said: tuple[str, str]) -> None:
    assert both(a, b) == said


@given(JSON, JSON)
def test_what_differs_is_never_shown_as_the_same(a: Any, b: Any) -> None:
    one, other = both(a, b)

    assert one.isprintable()
    assert other.isprintable()
    assert max(len(one), len(other)) < 4 * LONGEST
    if shown([a]) != shown([b]):
        assert one != other
