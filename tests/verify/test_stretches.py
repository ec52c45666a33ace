from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from replay.verify.stretches import Stretch, stretches

FEW = st.lists(st.sampled_from("abc"), max_size=12)


@given(FEW, FEW)
def test_they_are_all_of_both_in_order_and_those_that_are_the_same_are(
    one: list[str], other: list[str]
) -> None:
    found = list(stretches(one, other))

    assert [each for stretch in found for each in one[stretch.here]] == one
    assert [each for stretch in found for each in other[stretch.there]] == other
    assert all(one[each.here] == other[each.there] for each in found if each.same)


def test_what_comes_again_and_again_is_told_apart_by_its_place() -> None:
    one = list("abcde") * 200

    assert list(stretches(one, one[:500] + one[501:])) == [
        Stretch(True, slice(0, 500), slice(0, 500)),
        Stretch(False, slice(500, 501), slice(500, 500)),
        Stretch(True, slice(501, 1000), slice(500, 999)),
    ]
