from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.scenario.templates import Part, Reference, escape, parse, references, unparse

from .strategies import strings


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain $ {}", ("plain $ {}",)),
        ("${chat}", (Reference("chat"),)),
        ("/a/${chat}/${send.text}", ("/a/", Reference("chat"), "/", Reference("send.text"))),
        ("$${chat} $$${x}", ("${chat} $${x}",)),
        ("${$}${price} $${$}", ("$", Reference("price"), " ${$}")),
    ],
)
def test_a_string_is_split_into_text_and_references(text: str, parts: tuple[object, ...]) -> None:
    assert parse(text) == parts


@given(strings)
def test_any_text_survives_as_a_template_that_means_it(text: str) -> None:
    assert "".join(str(part) for part in parse(escape(text))) == text


parts = st.lists(st.one_of(strings, st.just("$"), st.builds(Reference, st.sampled_from(["a", "b.c"]))))


@given(parts)
def test_any_parts_survive_as_a_template(parts: list[Part]) -> None:
    runs = groupby(parts, key=lambda part: isinstance(part, str))
    merged = [part for literal, run in runs for part in (["".join(map(str, run))] if literal else run)]

    assert parse(unparse(parts)) == tuple(part for part in merged if part != "")


def test_references_are_found_in_keys_and_values() -> None:
    assert list(references({"${a}": ["${b}", 1, {"c": "x${d}"}]})) == ["a", "b", "d"]
