from __future__ import annotations

import pytest
from hypothesis import given

from replay.scenario.templates import Reference, escape, parse, references

from .strategies import strings


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain $ {}", ("plain $ {}",)),
        ("${chat}", (Reference("chat"),)),
        ("/a/${chat}/${send.text}", ("/a/", Reference("chat"), "/", Reference("send.text"))),
        ("$${chat} $$${x}", ("${chat} $${x}",)),
    ],
)
def test_a_string_is_split_into_text_and_references(text: str, parts: tuple[object, ...]) -> None:
    assert parse(text) == parts


@given(strings)
def test_any_text_survives_as_a_template_that_means_it(text: str) -> None:
    assert "".join(str(part) for part in parse(escape(text))) == text


def test_references_are_found_in_keys_and_values() -> None:
    assert list(references({"${a}": ["${b}", 1, {"c": "x${d}"}]})) == ["a", "b", "d"]
