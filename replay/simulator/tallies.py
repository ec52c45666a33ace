"""How often things happened, by what they were: counted as they happen, whatever is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from replay.simulator.lateness import Lateness

MOST = 1_000
"""Keys that are counted each by itself; whoever makes up new ones all day is counted with the others."""
MOST_RULES = 200
LONGEST = 200
"""Characters of a name that has a line of its own."""
OTHERS = "(others)"
"""Under this stands whatever has no line of its own."""

Key = TypeVar("Key", bound=Hashable)


def count(counts: Counter[str], rule: str, times: int = 1) -> None:
    """A rule has struck; of names that somebody makes up all day the later ones are counted together."""
    counts[rule if rule in counts or len(counts) < MOST else OTHERS] += times


class Tally(Generic[Key]):
    """A count for each of the first keys, and one for all others."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.counts: dict[Key, int] = {}
        self.others = 0

    def add(self, key: Key) -> None:
        """It happened once more."""
        count = self.counts.get(key)
        if count is not None:
            self.counts[key] = count + 1
        elif len(self.counts) < self._most:
            self.counts[key] = 1
        else:
            self.others += 1


class Names:
    """Who has a line of its own: the first to come, for good, so that no count ever falls."""

    def __init__(self, most: int, longest: int) -> None:
        """Args:
        longest: Characters; a longer name has none.
        """
        self._most = most
        self._longest = longest
        self._known: dict[str, None] = {}

    def among(self, names: Iterable[str]) -> set[str]:
        """Those of these that have one, or get one now."""
        for name in names:
            if len(self._known) < self._most and len(name) <= self._longest:
                self._known[name] = None
        return self._known.keys() & names


class Tallies:
    """The part of a simulator that counts beside the journal."""

    def __init__(self) -> None:
        self.answers = Tally[tuple[str, str, int]]()
        """By scenario, step and status, as the journal notes them; no step where none was looked for."""
        self.events = Tally[str]()
        """Told, by the channel as the scenario has it; not what was pushed by hand."""
        self.rules = Names(MOST_RULES, LONGEST)
        """Rules that are counted by name."""
        self.struck = Counter[str]()
        """Strikes of rules, before these were made anew."""
        self.lateness = Lateness()
        """How late things were, before that was forgotten."""
