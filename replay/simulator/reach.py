"""The plays of an agent, by what leads a request to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from replay.simulator.plays import Play


class Reach:
    """The plays of one agent, by what leads to them."""

    __slots__ = (
        "_seated",
        "by_part",
        "by_value",
        "offered",
        "sessions",
        "sessions_of",
        "turns",
        "unsigned",
    )

    def __init__(self) -> None:
        self._seated = 0
        self.offered: Counter[int] = Counter()
        """How many it has been given of each scenario, by its place."""
        self.sessions_of: dict[int, list[Play]] = {}
        """Its sessions, by the place of their scenario."""
        self.turns: dict[Play, int] = {}
        """When it got each, counted."""
        self.sessions: dict[Play, int] | None = None
        """Where each session stands among them, once anybody has asked."""
        self.by_part: dict[int, list[Play]] = {}
        """Those with asks that no value leads to."""
        self.by_value: dict[str, list[tuple[Play, str]]] = {}
        """By what a variable of theirs is, with its name."""
        self.unsigned: list[tuple[Play, str]] = []
        """Those of which a variable is nothing that a request could be found by."""

    def add(self, play: Play) -> None:
        """One more, the newest."""
        self._seated += 1
        self.turns[play] = self._seated
        self.sessions = None

    def remove(self, play: Play, values: Iterable[str]) -> None:
        """It cannot be asked any more.

        Args:
            values: What its variables are.
        """
        del self.turns[play]
        self.sessions = None
        parts = [each for each in self.by_part.pop(id(play.part), ()) if each is not play]
        if parts:
            self.by_part[id(play.part)] = parts
        for value in values:
            left = [each for each in self.by_value.pop(value, ()) if each[0] is not play]
            if left:
                self.by_value[value] = left
        self.unsigned = [each for each in self.unsigned if each[0] is not play]
