"""Events as JSON: what is encoded beforehand says the same as what is rendered whole."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.plan.prepared import Prepared
from replay.plan.times import shift, shift_fields
from replay.plan.values import compile_value, names_in, render

VALUES: dict[str, Any] = {
    "chat": "0000Na9B26EF002X",
    "count": 17,
    "who": {"name": 'Zoë "Z"', "timestamp": "2014-01-02T14:23:18.000-0800"},
}
TIMES = frozenset({"timestamp"})
names = st.sampled_from(["chat", "count", "who", "step.text", "base_url"])
parts = st.sampled_from(["é", '"', "a/", "\\\\", "\x01", "$${", "%s", "\u2028", "😀"]) | names.map(
    "${{{}}}".format
)
written = st.lists(parts, min_size=1, max_size=4).map("".join)
plain = (
    st.text("aé", max_size=3)
    | st.integers(1_388_672_590, 1_388_672_610)
    | st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=2)
    | st.just({"timestamp": "2014-01-02T14:23:18.000-0800", "a": {}, "b": None})
)
said = st.recursive(
    st.text(max_size=9)
    | st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.integers(1_388_672_590, 1_388_672_610)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just("2014-01-02T14:23:18.000-0800"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.just("timestamp"), inner, max_size=3)
    ),
)
texts = st.sampled_from(
    ["", "plain", 'quoted "é"', "${chat}", "${count}", "${who}", "a ${chat}/${count}", "$${chat}"]
)
times = st.sampled_from(["2014-01-02T14:23:18.000-0800", 1388672598, 1388672598000, "later", "${count}"])
keys = st.sampled_from(["a", "b", "timestamp", "$${c}"])
scalars = texts | times | st.none() | st.booleans() | st.integers(-9, 9) | st.just(0.5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
)


@given(value=values, seconds=st.sampled_from([0.0, 12.5, -3600.0]))
def test_what_is_encoded_beforehand_says_the_same_as_what_is_rendered_whole(
    value: Any, seconds: float
) -> None:
    compiled, fields = compile_value(value), frozenset({"timestamp"})

    whole = render(compiled, VALUES.__getitem__)
    said = Prepared(compiled, fields).encode(VALUES.__getitem__, seconds)

    assert msgspec.json.decode(said) == (shift_fields(whole, fields, seconds) if seconds else whole)


def plainly(compiled: Any, known: dict[str, Any], seconds: float) -> bytes:
    """The JSON of all of it, made at once."""
    value = render(compiled, known.__getitem__)
    return msgspec.json.encode(shift_fields(value, TIMES, seconds) if seconds else value)


@given(data=st.data(), seconds=st.sampled_from([0.0, 12.5, -3600.25]))
def test_each_byte_is_as_if_all_had_been_rendered_and_encoded_at_once(
    data: st.DataObject, seconds: float
) -> None:
    keyed = st.dictionaries(written | st.just("timestamp"), written | plain, max_size=3)
    template = data.draw(st.recursive(written | keyed, lambda inner: st.lists(inner, max_size=3)))
    known = {name: data.draw(said) for name in ("chat", "count", "who", "step.text", "base_url")}
    compiled = compile_value(template)
    prepared = Prepared(compiled, TIMES)
    given_before = {name: known[name] for name in data.draw(st.sets(names))}

    expected = plainly(compiled, known, seconds)

    assert prepared.encode(known.__getitem__, seconds) == expected
    assert prepared.encode(known.__getitem__, seconds, given_before) == expected
    assert prepared.encode(known.__getitem__, 0.0) == plainly(compiled, known, 0.0)


def test_a_name_is_looked_up_once_however_often_it_stands_there_and_not_at_all_if_it_is_known() -> None:
    asked: list[str] = []

    def lookup(name: str) -> str:
        asked.append(name)
        return "0001"

    body = Prepared(compile_value({"id": "${chat}", "uri": "/chats/${chat}/${who}"}), TIMES)

    assert (
        body.encode(lookup, 0.0, {"who": 'Zoë "Z"'})
        == '{"id":"0001","uri":"/chats/0001/Zoë \\"Z\\""}'.encode()
    )
    assert asked == ["chat"]


def test_half_a_character_is_refused_as_it_is_by_any_encoder() -> None:
    for template, value in (("a ${chat}", "\ud83d"), ("${chat}", "\ud83d"), ({"a": "\ud83d ${chat}"}, "")):
        with pytest.raises(UnicodeEncodeError):
            Prepared(compile_value(template), TIMES).encode({"chat": value}.__getitem__, 0.0)


@given(data=st.data(), seconds=st.sampled_from([0.0, 12.5, -3600.25]))
def test_what_a_name_stands_for_whose_times_are_the_plays_already_is_not_moved(
    data: st.DataObject, seconds: float
) -> None:
    keyed = st.dictionaries(written | st.just("timestamp"), written | plain, max_size=3)
    template = data.draw(st.recursive(written | keyed, lambda inner: st.lists(inner, max_size=3)))
    compiled = compile_value(template)
    known = VALUES | {"step.text": "2014-01-02T14:23:18Z", "base_url": ""}
    final = data.draw(st.frozensets(names))

    said = Prepared(compiled, TIMES, final).encode(known.__getitem__, seconds)

    assert msgspec.json.decode(said) == _moved_once(compiled, known, final, seconds)


def _moved_once(compiled: Any, known: dict[str, Any], final: frozenset[str], seconds: float) -> Any:
    """As it is said: each name rendered by itself, and moved where it stands if it is to be."""
    if isinstance(compiled, dict):
        moved = {}
        for key, item in compiled.items():
            name = render(key, known.__getitem__)
            if key == "timestamp":
                value = render(item, known.__getitem__)
                moved[name] = value if final & set(names_in(item)) or not seconds else shift(value, seconds)
            else:
                moved[name] = _moved_once(item, known, final, seconds)
        return moved
    if isinstance(compiled, list):
        return [_moved_once(item, known, final, seconds) for item in compiled]
    value = render(compiled, known.__getitem__)
    keeps = not seconds or final & set(names_in(compiled))
    return value if keeps else shift_fields(value, TIMES, seconds)
