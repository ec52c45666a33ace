"""Names in the keys of objects: put in where values are sent, held against what comes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.plan.difference import Difference
from replay.plan.prepared import Prepared
from replay.plan.values import MISSING, Comparison, compile_value, names_in, render

WRITTEN = {"${chat}": {"of": "${who}", "n": 1}, "plain": "$${x}", "at/${n}": [], "$${x}": 2}
VALUES = {"chat": "c1", "who": "ann", "n": 17}


def compared(written: Any, got: Any, *, exact: bool = False, **bound: Any) -> tuple[Any, list[Difference]]:
    comparison = Comparison(bound, exact=exact)
    comparison.compare(compile_value(written), got, "body")
    return comparison.captures, comparison.differences


def test_names_in_keys_are_put_in_and_a_number_becomes_the_text_of_it() -> None:
    expected = {"c1": {"of": "ann", "n": 1}, "plain": "${x}", "at/17": [], "${x}": 2}
    compiled = compile_value(WRITTEN)

    assert render(compiled, VALUES.__getitem__) == expected
    assert msgspec.json.decode(Prepared(compiled, ()).encode(VALUES.__getitem__, 0.0)) == expected
    assert msgspec.json.decode(Prepared(compiled, ()).encode(VALUES.__getitem__, 5.0)) == expected


def test_names_in_keys_are_mentioned() -> None:
    assert set(names_in(compile_value(WRITTEN))) == {"chat", "who", "n"}


def test_a_key_of_unbound_names_captures_and_one_of_bound_names_compares() -> None:
    got = {"c7": {"of": "bob", "n": 1}, "plain": "${x}", "at/9": [], "${x}": 2, "more": 0}

    assert compared(WRITTEN, got) == ({"chat": "c7", "n": "9", "who": "bob"}, [])
    assert compared(WRITTEN, got, chat="c7", n=9, who="bob") == ({}, [])
    assert compared(WRITTEN, got, chat="c8", n=9, who="bob")[1] == [
        Difference("body.c8", {"of": "${who}", "n": 1}, MISSING)
    ]


def test_of_several_keys_that_fit_the_one_is_meant_whose_value_fits() -> None:
    got = {"a": {"n": 5}, "b": {"n": 1}, "c": 0}

    assert compared({"c": 0, "${chat}": {"n": 1}}, got) == ({"chat": "b"}, [])


@pytest.mark.parametrize("more", [{}, {"d": 4}])
def test_an_exact_object_has_no_other_keys_than_those_its_own_became(more: dict[str, int]) -> None:
    _, differences = compared({"a": 1, "${chat}": 2}, {"a": 1, "b": 2} | more, exact=True)

    assert differences == [Difference("body.d", MISSING, 4)] * len(more)


def test_what_has_no_names_in_its_keys_stays_a_plain_object() -> None:
    assert type(compile_value({"a": "${x}", "$${y}": 1})) is dict
