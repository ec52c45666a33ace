"""Which step an event of a server is, by what it is made of: never by an id alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from replay.plan.difference import Difference
from replay.plan.timeline import Cue
from replay.plan.values import Comparison, as_text, readable
from replay.profiles.profile import Profile
from replay.verify.likely import Likely, leaves
from replay.verify.observed import Observed, noteworthy

ROOT = "data"
"""What differences call the whole of a value."""

NEAR_ENOUGH = 3
"""Values in which an event may differ from a step and still be that step, changed, whatever it is called."""


class Recognised(NamedTuple):
    """What an event is."""

    step: str
    """Empty when it is none, or one that has come before."""
    differences: tuple[Difference, ...] = ()
    """Where it is not what the step says."""
    again: str = ""
    """The step that it is once more."""


WHOLLY = (False, 0, 0, False)
"""The rank of a step that has not come yet, and of which nothing differs."""

_Held = tuple[Comparison, list[Difference]]


class _Candidate(NamedTuple):
    cue: Cue
    weight: int
    """How many values differ."""
    gap: int
    """How many fields more or fewer it says than the event."""
    is_done: bool
    is_early: bool
    """Whether it is changed, and what it follows has not begun: rather it is another one, changed more."""

    @property
    def rank(self) -> tuple[bool, int, int, bool]:
        """The lowest is what it most likely is."""
        return self.is_early, self.weight, self.gap, self.is_done


class Recogniser:
    """Holds events against the steps that one role may see."""

    def __init__(
        self,
        cues: Iterable[Cue],
        profile: Profile,
        *,
        recorded: Mapping[str, Any],
        ignored: Collection[str],
        moved: Collection[str],
        times: frozenset[str] = frozenset(),
        ids: frozenset[str] = frozenset(),
    ) -> None:
        """Nothing is known of any value yet.

        Args:
            recorded: What stood for names when the scenario was recorded.
            ignored: Fields that are not compared.
            moved: Fields of times, of which only the form is compared.
            times: Names that stand for some time or other.
            ids: Names that stand for one thing each.
        """
        self._cues = {cue.id: cue for cue in cues}
        self._likely = Likely(self._cues.values())
        self._says = {cue.id: leaves(cue.data.compiled) for cue in self._cues.values()}
        self._profile = profile
        self._recorded = recorded
        self._ignored, self._moved, self._times, self._ids = ignored, moved, times, ids
        self._makes = {cue.id: {each.known_as for each in cue.makes} for cue in self._cues.values()}
        self._named = {cue.id: self._name(readable(cue.channel), cue.said[1]) for cue in self._cues.values()}
        self._other: dict[str, Any] = {}
        """Values that differed once, by their names: what differs so again is no news."""

    def event(
        self,
        channel: str,
        data: Any,
        known: Mapping[str, Any],
        done: Collection[str],
        *,
        learn: Callable[[Mapping[str, Any]], None],
        may_come: Callable[[Cue], bool],
    ) -> Recognised:
        """The step that an event is.

        Args:
            known: What is known of values, by name; not what the server calls itself, which may be anything.
            done: Steps that have taken place.
            learn: Takes what is known now.
            may_come: Whether all that an event follows has begun.
        """
        best = self._best(self._candidates(channel, data, known, done, may_come))
        if best is None:
            return Recognised("")
        comparison, differences = self._compared(best.cue, channel, data, known)
        if best.is_done:
            return Recognised("", differences, best.cue.id)
        self._likely.came(best.cue)
        learn(comparison.captures)
        return Recognised(best.cue.id, differences)

    def held(self, expected: Any, got: Any, known: Mapping[str, Any]) -> tuple[Comparison, list[Difference]]:
        """A compiled value held against another."""
        comparison = Observed(known, self._recorded, times=self._times, ids=self._ids)
        comparison.compare(expected, got, ROOT)
        return comparison, noteworthy(comparison.differences, self._ignored, self._moved)

    @staticmethod
    def _best(candidates: Iterator[_Candidate]) -> _Candidate | None:
        """The first of the lowest rank; what fits wholly is not held against the rest."""
        best: _Candidate | None = None
        for each in candidates:
            if best is None or each.rank < best.rank:
                best = each
            if each.rank == WHOLLY:
                break
        return best

    def _candidates(
        self,
        channel: str,
        data: Any,
        known: Mapping[str, Any],
        done: Collection[str],
        may_come: Callable[[Cue], bool],
    ) -> Iterator[_Candidate]:
        size, name = leaves(data), self._name(channel, data)
        for cue in self._likely.steps(channel, data, done):
            step = cue.id
            where = Comparison(known)
            where.compare(cue.channel, channel, ROOT)
            if where.differences:
                continue
            comparison = Comparison({**self._before(cue, known), **where.captures})
            comparison.compare(cue.data.compiled, data, ROOT)
            differences = noteworthy(comparison.differences, self._ignored, self._moved)
            says = self._says[step]
            weight = sum(max(leaves(each.expected), leaves(each.got)) for each in differences)
            is_near = weight <= min(NEAR_ENOUGH, says // 2)
            if name == self._named[step]:
                is_near = len(differences) <= says // 2
            # What comes again says the same again.
            is_near = is_near and not (differences and step in done)
            if is_near and all(each.field != ROOT for each in differences):
                is_early = bool(differences) and not may_come(cue)
                yield _Candidate(cue, weight, abs(size - says), step in done, is_early)

    def _before(self, cue: Cue, known: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is known but for what the step makes anew each time."""
        own = self._makes[cue.id]
        return without(known, own) if own else known

    def _compared(
        self, cue: Cue, channel: str, data: Any, known: Mapping[str, Any]
    ) -> tuple[Comparison, tuple[Difference, ...]]:
        known = self._before(cue, known)
        expected, got = [cue.channel, cue.data.compiled], [channel, data]
        comparison, differences = self._held_whole(expected, got, known)
        if differences:
            comparison, differences = self._by_majority(expected, got, known, (comparison, differences))
        if differences and self._other:
            other, fewer = self._held_whole(expected, got, {**known, **self._other})
            if len(fewer) < len(differences):
                return other, tuple(fewer)
        if differences:
            self._learn_others(expected, got, known, len(differences))
        return comparison, tuple(differences)

    def _by_majority(
        self, expected: list[Any], got: list[Any], known: Mapping[str, Any], held: _Held
    ) -> _Held:
        """Of a value that is new and not the same everywhere: what it is most often is what it is."""
        comparison, differences = held
        for name, value in comparison.captures.items():
            others = Counter(as_text(each.got) for each in differences if each.expected == value)
            if name in known or not others or others.most_common(1)[0][1] < 2:
                continue
            often = next(each.got for each in differences if as_text(each.got) == others.most_common(1)[0][0])
            trial = self._held_whole(expected, got, {**known, name: often})
            trial[0].captures[name] = often
            if len(trial[1]) < len(differences):
                return trial
        return held

    def _learn_others(self, expected: Any, got: Any, known: Mapping[str, Any], differing: int) -> None:
        """Values that are not what they were, if that is what differs."""
        free, fewer = self._held_whole(expected, got, {})
        if len(fewer) < differing:
            self._other |= {name: value for name, value in free.captures.items() if name in known}

    def _held_whole(self, expected: list[Any], got: list[Any], known: Mapping[str, Any]) -> _Held:
        where = Comparison(known)
        where.compare(expected[0], got[0], ROOT)
        comparison, differences = self.held(expected[1], got[1], {**known, **where.captures})
        comparison.captures |= where.captures
        return comparison, differences

    def _name(self, channel: Any, data: Any) -> str:
        return self._profile.push_name(f"{channel}", data)


def without(known: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """What is known but for these names."""
    return {name: value for name, value in known.items() if name not in names}
