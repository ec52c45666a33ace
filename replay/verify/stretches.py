"""Two sequences held against each other: which stretches of them are the same, and what stands between."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Stretch(NamedTuple):
    """A part of both; of what only one has the other's part is empty."""

    same: bool
    here: slice
    there: slice


def stretches(one: Sequence[Hashable], other: Sequence[Hashable]) -> Iterator[Stretch]:
    """All of both, in order.

    What both begin and end with alike is left out of the search, which takes its time where the same comes
    again and again.
    """
    shorter = min(len(one), len(other))
    begin = end = 0
    while begin < shorter and one[begin] == other[begin]:
        begin += 1
    while end < shorter - begin and one[-1 - end] == other[-1 - end]:
        end += 1
    if begin:
        yield Stretch(True, slice(0, begin), slice(0, begin))
    middle = one[begin : len(one) - end], other[begin : len(other) - end]
    # What is often there is no junk: messages of one kind may all say the same.
    for what, low, high, other_low, other_high in SequenceMatcher(
        None, *middle, autojunk=False
    ).get_opcodes():
        here, there = slice(begin + low, begin + high), slice(begin + other_low, begin + other_high)
        yield Stretch(what == "equal", here, there)
    if end:
        yield Stretch(True, slice(len(one) - end, len(one)), slice(len(other) - end, len(other)))
