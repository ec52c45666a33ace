"""The plays of an agent, by what leads a request to them."""

from __future__ import annotations

from replay.simulator.plays import Play


class Reach:
    """The plays of one agent, by what leads to them."""

    def __init__(self) -> None:
        self._seated = 0
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

    def remove(self, play: Play) -> None:
        """It cannot be asked any more."""
        del self.turns[play]
        _remove(self.by_part, id(play.part), play)
        for value in [
            value for value, found in self.by_value.items() if any(each[0] is play for each in found)
        ]:
            left = [each for each in self.by_value.pop(value) if each[0] is not play]
            if left:
                self.by_value[value] = left
        self.unsigned = [each for each in self.unsigned if each[0] is not play]


def _remove(lists: dict[int, list[Play]], key: int, play: Play) -> None:
    left = [each for each in lists.pop(key, ()) if each is not play]
    if left:
        lists[key] = left
