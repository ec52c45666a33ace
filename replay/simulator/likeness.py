"""How alike two words, two texts or two paths are, as a person sees it who looks for a slip."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from replay.plan.values import Text, as_text
from replay.scenario.templates import Reference

SHORT = 40
"""Characters up to which slips are counted letter by letter; of longer texts, what they have in common."""

FAINT = 0.15
"""Of two keys that may be meant for one another."""

MOST = 200
"""Characters of a text that are looked at."""

SEGMENTS = 16
"""Segments of a path that are looked at."""

_VERSION = re.compile(r"v\d+", re.IGNORECASE)
_APART = re.compile(r"[\s_-]+")

SEVERAL = 3
"""Letters that a word in the plural has more than."""

ANOTHER, TAIL, SLIP, WRONG_ID, SLASH, VERSION = 6.0, 6.0, 1.5, 1.0, 0.5, 1.0
MIDDLE = 3.0
"""What a path costs: a segment that is another, or too much at its end, a slip of the pen, an id that is not
this play's, a slash, a version; and a segment too many or too few within."""


def plain(word: str) -> str:
    """Without what people get wrong first: case, spaces, hyphens and underscores."""
    return _APART.sub("", word[:MOST]).casefold()


def is_slip(one: str, other: str) -> bool:
    """Whether one is the other, but for case or a letter or two."""
    return _is_slip(one[:MOST], other[:MOST])


# What is kept of what clients send is cut before, so that it cannot grow.
@lru_cache(maxsize=2048)
def _is_slip(one: str, other: str) -> bool:
    one, other = plain(one), plain(other)
    if one == other:
        return True
    shorter, longer = sorted((len(one), len(other)))
    allowed = min(2, max(1, shorter // 3))
    if (
        shorter < 2
        or longer > SHORT
        or longer - shorter > allowed
        or len(set(one) ^ set(other)) > 2 * allowed
    ):
        return False
    return _slips(one, other) <= allowed


def _slips(one: str, other: str) -> int:
    """Letters that are wrong, missing, too many, or changed places."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for down, letter in enumerate(one, 1):
        last, before, row = before, row, [down]
        for across, beside in enumerate(other, 1):
            cost = min(before[across] + 1, row[-1] + 1, before[across - 1] + (letter != beside))
            swapped = down > 1 and across > 1 and letter == other[across - 2] and one[down - 2] == beside
            row.append(min(cost, last[across - 2] + 1) if swapped else cost)
    return row[-1]


@lru_cache(maxsize=2048)
def _threes(text: str) -> frozenset[str]:
    padded = f" {plain(text)} "
    return frozenset(padded[at : at + 3] for at in range(max(1, len(padded) - 2)))


def alike(one: str, other: str) -> float:
    """From 0, nothing in common, to 1, but for case the same."""
    mine, yours = _threes(one[:MOST]), _threes(other[:MOST])
    return 2 * len(mine & yours) / (len(mine) + len(yours))


@lru_cache(maxsize=2048)
def _closeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, plain(one), plain(other), autojunk=False).ratio()


def similar_key(key: str, others: Iterable[str]) -> str:
    """The one of these keys that is most likely meant for `key`; empty if none is."""
    key, best, most = key[:MOST], "", 0.6
    for other in others:
        # Cheap to tell, and true of all that are worth a closer look.
        if alike(key, other) < FAINT:
            continue
        if len(other) <= SHORT and (found := 1.0 if is_slip(key, other) else _closeness(key, other)) >= most:
            best, most = other, found + 1e-9
    return best


class Segment(msgspec.Struct, frozen=True):
    """One segment of the path of an ask, as its play has it now."""

    text: str
    variable: str = ""
    """The name that stands in it; empty where it is literal."""
    open: bool = False
    """Anything may stand there."""


def segments_of(path: Text, bound: dict[str, object]) -> list[Segment]:
    """The path of an ask, taken apart."""
    pieces: list[list[str | Reference]] = [[]]
    for part in path.parts:
        if not isinstance(part, str):
            pieces[-1].append(part)
            continue
        first, *rest = part.split("/")
        pieces[-1].append(first)
        pieces += [[each] for each in rest]
    return [_segment(piece, bound) for piece in pieces[1:] or pieces]


def _segment(piece: Sequence[str | Reference], bound: dict[str, object]) -> Segment:
    names = [part.name for part in piece if isinstance(part, Reference)]
    text = "".join(
        part if isinstance(part, str) else as_text(bound.get(part.name, f"${{{part.name}}}"))
        for part in piece
    )
    return Segment(text, names[0] if names else "", any(name not in bound for name in names))


class Step(msgspec.Struct, frozen=True):
    """Where a path that was asked leaves the one that is expected."""

    expected: Segment | None
    """None where a segment is too much."""
    got: str | None
    """None where one is missing."""
    cost: float


def align(expected: Sequence[Segment], got: Sequence[str], operation: str = "") -> list[Step]:
    """How one path becomes the other with the least ado.

    Args:
        operation: What the body of the ask says that it does: some write that into the path.
    """
    expected, got = expected[:SEGMENTS], got[:SEGMENTS]
    best: list[list[tuple[float, tuple[Step, ...]]]] = [[(0.0, ())]]
    for across in range(1, len(got) + 1):
        best[0].append(_with(best[0][-1], _too_much(expected, got, across - 1, operation)))
    for down in range(1, len(expected) + 1):
        best.append([_with(best[down - 1][0], _missing(expected, down - 1, got))])
        for across in range(1, len(got) + 1):
            ways = (
                _with(best[down - 1][across - 1], _instead(expected, down - 1, got, across - 1)),
                _with(best[down - 1][across], _missing(expected, down - 1, got)),
                _with(best[down][across - 1], _too_much(expected, got, across - 1, operation)),
            )
            best[down].append(min(ways, key=lambda way: way[0]))
    return [step for step in best[-1][-1][1] if step.cost]


def _with(so_far: tuple[float, tuple[Step, ...]], step: Step) -> tuple[float, tuple[Step, ...]]:
    return so_far[0] + step.cost, (*so_far[1], step)


def _instead(path: Sequence[Segment], at: int, asked: Sequence[str], beside: int) -> Step:
    expected, got = path[at], asked[beside]
    if got and (expected.open or expected.text == got):
        return Step(expected, got, 0.0)
    if expected.variable:
        return Step(expected, got, WRONG_ID if got else WRONG_ID + SLASH)
    if _VERSION.fullmatch(expected.text) and _VERSION.fullmatch(got):
        return Step(expected, got, VERSION)
    if got and is_slip(expected.text, got):
        return Step(expected, got, SLIP)
    # What stands below `contacts` is one of them.
    is_one = at > 0 and beside > 0 and path[at - 1].text == asked[beside - 1] and _is_many(asked[beside - 1])
    return Step(expected, got, MIDDLE if got and is_one else ANOTHER)


def _is_many(name: str) -> bool:
    return len(name) > SEVERAL and name.endswith("s")


def _missing(expected: Sequence[Segment], at: int, got: Sequence[str]) -> Step:
    segment = expected[at]
    if _VERSION.fullmatch(segment.text):
        return Step(segment, None, VERSION)
    if at == 0 and len(expected) > 1:
        # Where the path begins there is what all paths of an API have.
        return Step(segment, None, SLIP)
    within = segment.variable or (at < len(expected) - 1 and bool(got))
    return Step(segment, None, MIDDLE if within else TAIL)


def _too_much(expected: Sequence[Segment], got: Sequence[str], at: int, operation: str) -> Step:
    segment = got[at]
    if not segment:
        return Step(None, segment, SLASH)
    if operation and is_slip(segment, operation):
        return Step(None, segment, SLASH)
    if _VERSION.fullmatch(segment):
        return Step(None, segment, VERSION)
    return Step(None, segment, MIDDLE if at < len(got) - 1 and expected else TAIL)
