"""Two sequences held against each other: which stretches of them are the same, and what stands between."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

MOST = 500
"""Things that one has and the other has not, up to which the fewest of them are looked for."""

_Block = tuple[int, int, int]
"""Places in the one and in the other from which on so many are the same."""


class Stretch(NamedTuple):
    """A part of both; of what only one has the other's part is empty."""

    same: bool
    here: slice
    there: slice


def stretches(one: Sequence[Hashable], other: Sequence[Hashable]) -> Iterator[Stretch]:
    """All of both, in order: what differs is as little as can be, unless that is very much."""
    shorter = min(len(one), len(other))
    end = 0
    while end < shorter and one[-1 - end] == other[-1 - end]:
        end += 1
    heads = one[: len(one) - end], other[: len(other) - end]
    blocks: Sequence[_Block] | None = _fewest_edits(*heads)
    if blocks is None:
        # What is often there is no junk: messages of one kind may all say the same.
        blocks = list(SequenceMatcher(None, *heads, autojunk=False).get_matching_blocks())
    yield from _between([*blocks, (len(heads[0]), len(heads[1]), end)])


def _between(blocks: Iterable[_Block]) -> Iterator[Stretch]:
    """Blocks that are the same, and what stands before each."""
    here = there = 0
    for at, other_at, size in blocks:
        if here < at or there < other_at:
            yield Stretch(False, slice(here, at), slice(there, other_at))
        here, there = at + size, other_at + size
        if size:
            yield Stretch(True, slice(at, here), slice(other_at, there))


def _fewest_edits(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[_Block] | None:
    """What is the same if as little as can be is taken away and put in; None if that is more than `MOST`.

    Myers' greedy search (1986): for each number of edits the furthest place reached on each diagonal.
    difflib takes the longest stretch first, which misaligns all where the same comes again and again.
    """
    reached = {1: 0}
    rounds: list[dict[int, int]] = []
    for edits in range(MOST + 1):
        rounds.append(reached.copy())
        for diagonal in range(-edits, edits + 1, 2):
            at = reached[diagonal + 1] if _puts_in(reached, diagonal, edits) else reached[diagonal - 1] + 1
            other_at = at - diagonal
            while at < len(one) and other_at < len(other) and one[at] == other[other_at]:
                at, other_at = at + 1, other_at + 1
            reached[diagonal] = at
            if at == len(one) and other_at == len(other):
                return _way_back(rounds, at, other_at)
    return None


def _puts_in(reached: dict[int, int], diagonal: int, edits: int) -> bool:
    """Whether the edit that leads furthest on a diagonal puts something in; else it takes something away."""
    return diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])


def _way_back(rounds: list[dict[int, int]], at: int, other_at: int) -> list[_Block]:
    """The blocks on the way to the end of both, found from there."""
    blocks: list[_Block] = []
    for edits in range(len(rounds) - 1, -1, -1):
        reached, diagonal = rounds[edits], at - other_at
        puts_in = _puts_in(reached, diagonal, edits)
        begin = reached[diagonal + 1] if puts_in else reached[diagonal - 1] + 1
        if at > begin:
            blocks.append((begin, begin - diagonal, at - begin))
        at, other_at = (begin, begin - diagonal - 1) if puts_in else (begin - 1, begin - diagonal)
    return blocks[::-1]
