"""Whether steps that were to follow others did, each time, and how soon: looked at as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from replay.entries import Entry
from replay.scenario.durations import format_duration, parse_duration
from replay.scenario.model import Expected

if TYPE_CHECKING:
    from replay.plan.timeline import Part
    from replay.simulator.plays import Play
    from replay.simulator.simulator import Simulator

Pair = tuple[str, str, str]
"""A step, the one that it was to follow, and how soon; empty where it need not be soon."""


class Broken(msgspec.Struct, frozen=True):
    """The first time that a step did not follow another as it was to."""

    at: float
    """Seconds since the simulator began."""
    after: float | None
    """Seconds, in the play's time, since the other took place; None where it had not."""

    @property
    def words(self) -> str:
        """What it did instead."""
        if self.after is None:
            return f"it came before that, at {self.at:g} s"
        return f"it came {format_duration(round(self.after, 6))} after that, at {self.at:g} s"


def tellers(simulator: Simulator, play: Play) -> set[str]:
    """The scenarios that tell a play, as they are called now: a session may be the same in several."""
    own, part = simulator.timelines[play.timeline.place], play.part
    others = () if play.is_story else simulator.timelines
    return {own.name, *(each.name for each in others if any(session is part for session in each.sessions))}


class Following:
    """What is expected to follow what; it listens to the journal only if a scenario says anything of that."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._wanted: dict[str, set[Pair]] = {}
        """By scenario."""
        self._steps: frozenset[str] = frozenset()
        self._listens = False
        self.forget()
        self._learn()
        simulator.journal.report(lambda *_: self._learn(), ["scenario"])

    def forget(self) -> None:
        """Nothing has happened yet."""
        self._last: dict[Play, dict[str, float]] = {}
        self._broken: dict[Play, dict[Pair, Broken]] = {}

    def broken(self, play: Play, wanted: Expected) -> Broken | None:
        """Where a step of a play did not follow another as it was to; None where it did."""
        return self._broken.get(play, {}).get((wanted.step, wanted.after, wanted.within))

    def is_broken(self, play: Play) -> bool:
        """Whether anything in a play followed another as it was not to."""
        return play in self._broken

    def forget_play(self, play: Play) -> None:
        """It is over, and gone."""
        self._last.pop(play, None)
        self._broken.pop(play, None)

    def _learn(self) -> None:
        """What the scenarios say now."""
        self._wanted = {
            timeline.name: _pairs(timeline.scenario.expect) for timeline in self._simulator.timelines
        }
        self._steps = frozenset(
            step for pairs in self._wanted.values() for pair in pairs for step in pair[:2]
        )
        if self._steps and not self._listens:
            self._listens = True
            self._simulator.journal.report(self._hear, ["request", "event"])

    def _hear(self, entry: Entry, _line: bytes) -> None:
        """A request was made, or an event told."""
        if entry.step not in self._steps:
            return
        play = self._play(entry)
        if play is None:
            return
        pairs = {pair for name in tellers(self._simulator, play) for pair in self._wanted.get(name, ())}
        last = self._last.setdefault(play, {})
        for pair in pairs:
            step, other, within = pair
            if step == entry.step and pair not in self._broken.get(play, {}):
                broken = self._held(entry.at, self._since(play, other), within)
                if broken is not None:
                    self._broken.setdefault(play, {})[pair] = broken
        last[entry.step] = entry.at

    def _held(self, at: float, other: float | None, within: str) -> Broken | None:
        if other is None:
            return Broken(at, None)
        speed = self._simulator.options.pace.speed
        if not within or speed is None:
            return None
        after = (at - other) * speed
        # Sums of decimals may lie a little above the decimal that is meant.
        return Broken(at, after) if after > parse_duration(within) + 1e-6 else None

    def _since(self, play: Play, step: str) -> float | None:
        """When a step took place last, in a play or the sessions that it goes by."""
        found = (self._last[each].get(step) for each in (play, *play.sessions) if each in self._last)
        return max((at for at in found if at is not None), default=None)

    def _play(self, entry: Entry) -> Play | None:
        agent = self._simulator.agents.named(entry.agent)
        for play in (*reversed(agent.plays), *agent.sessions):
            if play.label == entry.play and entry.step in _ids(play.part):
                return play
        return None


def _pairs(expected: list[Expected]) -> set[Pair]:
    return {(each.step, each.after, each.within) for each in expected if each.after}


def _ids(part: Part) -> set[str]:
    return {ask.id for ask in part.asks} | {cue.id for cue in part.cues}
