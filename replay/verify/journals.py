"""Two runs held against each other, agent by agent: what happened in one and not in the other.

Polls are in no journal. Ids that plays make anew, what was drawn, and how late something was are not
compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from replay.entries import Entry, Kept
from replay.verify.stretches import stretches
from replay.verify.timing import Tolerance
from replay.verify.touched import touched, untouched

_OWN = frozenset({"draw", "late", "values"})
"""Details that two runs of one story need not share."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is not the same in both."""

    agent: str
    kind: Literal["only in a", "only in b", "details", "time"]
    a: Entry | None = None
    b: Entry | None = None
    apart: float | None = None
    """Seconds that it came later in B, counted from the first of the agent's entries."""


class JournalReport(msgspec.Struct, frozen=True, kw_only=True):
    """What two runs differ in."""

    changes: tuple[Change, ...]
    """By agent, in the order of A; those only in B last."""
    entries: tuple[int, int]
    """How many of each were compared."""
    left_out: tuple[int, int]
    """How many of each a fault touched, in either run."""

    @property
    def same(self) -> bool:
        """Whether the same happened to the same agents."""
        return not self.changes


def compare(
    a: Kept, b: Kept, *, tolerance: Tolerance | None = None, with_touched: bool = False
) -> JournalReport:
    """Compares two runs.

    Args:
        tolerance: What moments may be apart; times are not compared without it.
        with_touched: Compare what faults touched too, and where they struck.
    """
    ours, theirs = a.by_agent(), b.by_agent()
    changes: list[Change] = []
    compared, left_out = [0, 0], [0, 0]
    for agent in dict.fromkeys([*ours, *theirs]):
        pair = ours.get(agent, []), theirs.get(agent, [])
        kept = pair if with_touched else _without_touched(*pair)
        for side in (0, 1):
            compared[side] += len(kept[side])
            left_out[side] += len(pair[side]) - len(kept[side])
        changes += compare_agent(agent, *kept, tolerance=tolerance)
    return JournalReport(
        changes=tuple(changes),
        entries=(compared[0], compared[1]),
        left_out=(left_out[0], left_out[1]),
    )


def _without_touched(a: Sequence[Entry], b: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    places = touched(a) | touched(b)
    return untouched(a, places), untouched(b, places)


def compare_agent(
    agent: str, a: Sequence[Entry], b: Sequence[Entry], *, tolerance: Tolerance | None = None
) -> Iterator[Change]:
    """What differs in what happened to one agent."""
    ours, theirs = [_key(entry) for entry in a], [_key(entry) for entry in b]
    began = a[0].at if a else 0.0, b[0].at if b else 0.0
    if tolerance is None and ours == theirs:
        return
    for same, here, there in stretches(ours, theirs):
        one, other = a[here], b[there]
        if not same:
            yield from _replaced(agent, one, other)
            continue
        for entry, twin in zip(one, other, strict=True) if tolerance is not None else ():
            since, then = entry.at - began[0], twin.at - began[1]
            if tolerance is not None and not tolerance.allows(abs(then - since), max(then, since)):
                apart = round(then - since, 6)
                yield Change(agent=agent, kind="time", a=entry, b=twin, apart=apart)


def _replaced(agent: str, a: Sequence[Entry], b: Sequence[Entry]) -> Iterator[Change]:
    """Entries that are not equal: some may tell of the same thing, in other words."""
    ours, theirs = [_subject(entry) for entry in a], [_subject(entry) for entry in b]
    for same, here, there in stretches(ours, theirs):
        one, other = a[here], b[there]
        if same:
            for entry, twin in zip(one, other, strict=True):
                yield Change(agent=agent, kind="details", a=entry, b=twin)
            continue
        for entry in one:
            yield Change(agent=agent, kind="only in a", a=entry)
        for entry in other:
            yield Change(agent=agent, kind="only in b", b=entry)


def _subject(entry: Entry) -> tuple[str, str, str]:
    return entry.kind, entry.play, entry.step


def _key(entry: Entry) -> tuple[str, ...]:
    return *_subject(entry), msgspec.json.encode(details(entry), order="deterministic").decode()


def details(entry: Entry) -> dict[str, Any]:
    """What is compared of an entry beside its kind, play and step."""
    # For how long somebody had not been heard of when it was forgotten, in words.
    return {
        name: value if name != "forgotten" else True
        for name, value in entry.detail.items()
        if name not in _OWN
    }
