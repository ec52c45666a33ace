"""Events as JSON: what is encoded beforehand says the same as what is rendered whole."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from replay.plan.prepared import Prepared
from replay.plan.times import shift_fields
from replay.plan.values import compile_value, render

VALUES: dict[str, Any] = {
    "chat": "0000Na9B26EF002X",
    "count": 17,
    "who": {"name": 'Zoë "Z"', "timestamp": "2014-01-02T14:23:18.000-0800"},
}
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
