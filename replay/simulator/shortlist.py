"""Of very many steps, the few that a request may be nearest to, found without holding it against each.

Steps that are alike in method, path and operation are one kind, which is weighed once. Of a kind come first
those that say what the request says, then those that nobody has asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice

from replay.plan.timeline import Ask
from replay.simulator.asking import Question
from replay.simulator.costs import NO_OPERATION, RANKS, of_methods, of_operations
from replay.simulator.likeness import SLIP
from replay.simulator.plays import Play

MOST = 30
"""Asks that a miss is held against in detail."""

_OPEN = "\0"
"""Stands for what a path does not say."""

_AGREEING = 0.5
"""What it is worth that a step says something that the request says."""

_Key = tuple[str, tuple[str, ...], str]


class Shape:
    """Method, path and operation, in which kinds of many parts may be alike."""

    def __init__(self, method: str, words: tuple[str, ...], operation: str) -> None:
        self.method, self.operation = method, operation
        self.words = frozenset(filter(None, words))
        """What the path says."""
        self.length = len(words)


class Kind:
    """Asks of one part that are alike."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.asks: list[tuple[int, Ask]] = []
        """Each with where it stands in its part."""
        self.saying: dict[str, list[int]] = {}
        """Which of them say what, beside that."""


Shapes = dict[_Key, Shape]


def kinds_of(asks: Iterable[Ask], operation_field: str, shapes: Shapes) -> list[Kind]:
    """The asks of one part, by kind.

    Args:
        shapes: Those there are already; what is new is added.
    """
    found: dict[_Key, Kind] = {}
    for place, ask in enumerate(asks):
        body = ask.body if isinstance(ask.body, dict) else {}
        said = body.get(operation_field)
        operation = said if isinstance(said, str) else ""
        path = "".join(part if isinstance(part, str) else _OPEN for part in ask.path.parts)
        words = tuple("" if _OPEN in word else word for word in path.split("/")[1:])
        key = ask.method, words, operation
        kind = found.get(key)
        if kind is None:
            kind = found[key] = Kind(shapes.setdefault(key, Shape(*key)))
        values = [*body.values(), *(value for _, value in ask.query)]
        for value in {value for value in values if isinstance(value, str)} - {operation}:
            kind.saying.setdefault(value, []).append(len(kind.asks))
        kind.asks.append((place, ask))
    return list(found.values())


def shortlist(
    question: Question, words: Iterable[str], operation: str, plays: Iterable[tuple[int, Play, list[Kind]]]
) -> list[tuple[int, Play, Ask]]:
    """The asks to hold a request against.

    Args:
        words: What it says.
        operation: What its body says that it does; empty if it does not.
        plays: Where to look, nearest first, each with its rank and the kinds of its asks.

    Returns:
        Each with the rank of its play, in the order in which they stand there.
    """
    said = set(words)
    cost = _Costs(question, operation, said)
    ranked = [
        (cost.of(kind) + RANKS[rank], turn, rank, play, kind)
        for turn, (rank, play, kinds) in enumerate(plays)
        for kind in kinds
    ]
    chosen: list[tuple[int, int, int, Play, Ask]] = []
    for _, turn, rank, play, kind in nsmallest(MOST, ranked, key=lambda each: each[:2]):
        room = MOST - len(chosen)
        if room <= 0:
            break
        chosen += [(turn, place, rank, play, ask) for place, ask in islice(_first(kind, play, said), room)]
    chosen.sort(key=lambda each: each[:2])
    return [(rank, play, ask) for _, _, rank, play, ask in chosen]


def _first(kind: Kind, play: Play, said: set[str]) -> Iterator[tuple[int, Ask]]:
    """Asks of a kind, those that are most like the request first."""

    def is_left(at: int) -> bool:
        return play.reply_for(kind.asks[at][1]) is not None

    agreeing: Counter[int] = Counter()
    for word in said & kind.saying.keys():
        alike = kind.saying[word]
        # What very many say tells none from another: of these come first those that nobody has asked.
        agreeing.update(alike if len(alike) <= MOST else islice(filter(is_left, alike), MOST))
    for at, _ in agreeing.most_common(MOST):
        yield kind.asks[at]
    used: list[tuple[int, Ask]] = []
    for at, placed in enumerate(kind.asks):
        if at in agreeing:
            continue
        if is_left(at):
            yield placed
        elif len(used) < MOST:
            used.append(placed)
    yield from used


class _Costs:
    """What kinds cost, each weighed once."""

    def __init__(self, question: Question, operation: str, said: set[str]) -> None:
        self._method, self._operation = question.method, operation
        segments = question.path.split("/")[1:]
        self._segments, self._length = set(segments), len(segments)
        self._said = said
        self._known: dict[Shape, float] = {}

    def of(self, kind: Kind) -> float:
        known = self._known.get(kind.shape)
        if known is None:
            known = self._known[kind.shape] = self._of_shape(kind.shape)
        # What nothing is said beside says nothing that the request says.
        if not kind.saying or kind.saying.keys().isdisjoint(self._said):
            return known
        return known - _AGREEING * len(kind.saying.keys() & self._said)

    def _of_shape(self, shape: Shape) -> float:
        gone = len(shape.words - self._segments) + abs(shape.length - self._length)
        methods = of_methods(self._method, shape.method)
        return methods + self._of_operation(shape.operation) + SLIP * gone

    def _of_operation(self, expected: str) -> float:
        if expected == self._operation or not expected:
            return 0.0
        return of_operations(expected, self._operation, ()) if self._operation else NO_OPERATION
