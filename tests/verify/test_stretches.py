from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from replay.verify.stretches import MOST, Stretch, stretches

FEW = st.lists(st.sampled_from("abc"), max_size=12)


def common(one: list[str], other: list[str]) -> int:
    """How many of one stand in the other in the same order, at most: the slow way that nobody gets wrong."""
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            rows[i + 1][j + 1] = rows[i][j] + 1 if a == b else max(rows[i][j + 1], rows[i + 1][j])
    return rows[-1][-1]


@given(FEW, FEW)
def test_they_are_all_of_both_in_order_and_those_that_are_the_same_are(
    one: list[str], other: list[str]
) -> None:
    found = list(stretches(one, other))

    assert [each for stretch in found for each in one[stretch.here]] == one
    assert [each for stretch in found for each in other[stretch.there]] == other
    assert all(one[each.here] == other[each.there] for each in found if each.same)
    assert sum(len(one[each.here]) for each in found if each.same) == common(one, other)


def test_where_very_much_differs_what_is_the_same_is_found_too() -> None:
    one = [f"a{number}" for number in range(2 * MOST)]
    other = [f"b{number}" for number in range(2 * MOST)]

    same = [each for each in stretches([*one, "x", *one], [*other, "x", *other]) if each.same]

    assert same == [Stretch(True, slice(len(one), len(one) + 1), slice(len(other), len(other) + 1))]


def test_each_that_is_gone_from_what_comes_again_and_again_is_one() -> None:
    one = list("abc") * 2000
    gone = set(range(7, 6000, 101))

    left = [each for at, each in enumerate(one) if at not in gone]

    assert sum(len(one[each.here]) for each in stretches(one, left) if not each.same) == len(gone)


def test_what_comes_again_and_again_is_told_apart_by_its_place() -> None:
    one = list("abcde") * 200

    assert list(stretches(one, one[:500] + one[501:])) == [
        Stretch(True, slice(0, 500), slice(0, 500)),
        Stretch(False, slice(500, 501), slice(500, 500)),
        Stretch(True, slice(501, 1000), slice(500, 999)),
    ]
