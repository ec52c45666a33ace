"""What faults touched in a run: what struck, what it struck, and that same thing in another run."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from replay.entries import Entry, scenario_of

Place = tuple[str, str, int]
"""A scenario, a step or Bayeux message, and the how-manieth time it came to an agent."""

_MESSAGES = ("handshake", "subscribe")
"""Entries that are about a Bayeux message."""


def touched(entries: Sequence[Entry]) -> frozenset[Place]:
    """What faults struck, of one agent's entries."""
    return frozenset(place for entry, place in _placed(entries) if place is not None and _is_touched(entry))


def untouched(entries: Sequence[Entry], places: AbstractSet[Place]) -> list[Entry]:
    """One agent's entries without those of faults, those they changed, and those at these places.

    What only followed from a fault is left: that a client which was forgotten shakes hands again.

    Args:
        places: What was touched, here or in the run that this one is held against.
    """
    return [entry for entry, place in _placed(entries) if not _is_touched(entry) and place not in places]


def _is_touched(entry: Entry) -> bool:
    return entry.kind == "fault" or bool(entry.detail.get("faults"))


def _placed(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Place | None]]:
    """Each entry with what it is about; None for what is about no step and no counted message."""
    counts = _Counts()
    for entry in entries:
        subject = entry.step or (entry.kind if entry.kind in _MESSAGES else entry.detail.get("meta", ""))
        number = counts.number((scenario_of(entry), subject), entry) if subject else None
        yield entry, ((scenario_of(entry), subject, number) if number is not None else None)
        if "forgotten" in entry.detail:
            counts.begin_anew()


class _Counts:
    """Counts as the simulator does, from what its journal says."""

    def __init__(self) -> None:
        self._came: Counter[tuple[str, str]] = Counter()
        self._before: Counter[tuple[str, str]] = Counter()
        """Of these, what came before the agent was forgotten: from there on rules count from 1."""
        self._open: dict[tuple[str, str], deque[int]] = {}
        """Requests without their answer, and events that wait for a subscription."""
        self._refused: dict[tuple[str, str], int] = {}

    def begin_anew(self) -> None:
        """The agent has been forgotten: who comes back under its name is somebody new."""
        self._before = self._came.copy()
        self._open.clear()
        self._refused.clear()

    def number(self, what: tuple[str, str], entry: Entry) -> int | None:
        """The how-manieth time it is; None where that is not known, or does not matter."""
        waiting = self._open.setdefault(what, deque())
        is_touched = bool(entry.detail.get("faults"))
        match entry.kind:
            case "fault":
                return self._fault(what, entry)
            case "answer":
                if is_touched and what in self._refused:
                    return self._refused.pop(what)
                return waiting.popleft() if waiting else None
            case "event" | "held" if is_touched or "role" in entry.detail:
                return None
            case "event" if waiting:
                return waiting.popleft()
        self._came[what] += 1
        if entry.kind in {"request", "held"}:
            waiting.append(self._came[what])
        return self._came[what]

    def _fault(self, what: tuple[str, str], entry: Entry) -> int | None:
        occurrence: int | None = entry.detail.get("occurrence")
        if occurrence is None:
            return None
        number = occurrence + self._before[what]
        if number > self._came[what]:
            # Nothing else says that it came: it was refused, or an event that is told later, or never.
            self._came[what] = number
            self._refused[what] = number
        return number
