"""Who is forgotten: agents that have gone and stayed away, so that coming and going costs nothing in the end.

An agent has gone when it has no client. The latest of those that have gone are kept however long they stay
away, and all others for a while: desktops that lose their connection come back, and a crowd of them may do
so at once. Who comes back later is somebody new: its cookies and its ids are nobody's, and it gets a new
session and new plays. Nobody is forgotten while others play with it, or while something is expected, since
what is expected is counted in all plays there have been.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from replay.scenario.durations import format_duration
from replay.simulator.agents import Agent
from replay.simulator.happenings import Again, Due, Reached
from replay.simulator.plays import Play
from replay.simulator.telling import Told

if TYPE_CHECKING:
    from replay.simulator.simulator import Item, Simulator

KEPT = 1_000
"""Agents that have gone and are kept unless another number is wanted."""
LONG = 600.0
"""Seconds after which one beyond them is forgotten."""
APART = 250
"""How many more have to be there before they are looked through again, at least."""
BETWEEN = 1.0
"""Seconds after which they are looked through again while there is no room for who comes."""
SHARE = 8
"""And at least one for so many that are there, so that a look costs each who comes the same."""


class Absence:
    """The part of a simulator that forgets agents that have gone."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._looks_at = 0
        """How many agents have to be there before they are looked through again, ..."""
        self._looked = -math.inf
        """... unless that was long ago."""
        self.total = 0
        """How many have been forgotten."""

    def make_room(self, now: float) -> None:
        """Somebody comes: now and then those are forgotten who went long ago."""
        everybody, options = self._simulator.agents.all, self._simulator.options
        # Whoever has room for few keeps room for those who come.
        kept = min(options.agents_kept, options.limits.agents // 2)
        is_full = len(everybody) >= options.limits.agents and now >= self._looked + BETWEEN
        is_time = is_full or now > self._looked + options.agents_kept_for or len(everybody) > self._looks_at
        if len(everybody) <= kept or not is_time:
            return
        gone = sorted((agent for agent in everybody if not agent.clients), key=lambda agent: agent.heard)
        beyond = gone[: max(0, len(gone) - kept)]
        long_ago = {agent for agent in beyond if now - agent.heard > options.agents_kept_for}
        if long_ago and not self._simulator.expecting.all():
            self._forget(_without_company(long_ago), now)
        self._simulator.faulting.forget_strangers(self._simulator.agents.all)
        there, self._looked = len(self._simulator.agents.all), now
        self._looks_at = there + max(min(APART, kept), there // SHARE)

    def _forget(self, gone: set[Agent], now: float) -> None:
        simulator = self._simulator
        simulator.withdraw(lambda item: _is_only_of(item, gone))
        simulator.casting.forget(gone)
        simulator.offering.forget(gone)
        simulator.faulting.forget({agent.key for agent in gone})
        simulator.agents.forget(gone)
        self.total += len(gone)
        at = simulator.since_start(now)
        for agent in sorted(gone, key=lambda agent: agent.ordinal):
            away = format_duration(round(now - agent.heard))
            simulator.journal.note("agent", at, agent.label, forgotten=f"forgotten: not heard of for {away}")


def _without_company(gone: set[Agent]) -> set[Agent]:
    """Those of them in whose plays nobody else sits."""
    while with_others := {agent for agent in gone if not all(_may_go(play, gone) for play in agent.plays)}:
        gone = gone - with_others
    return gone


def _may_go(play: Play, gone: Collection[Agent]) -> bool:
    return not play.shared or play.is_only_of(gone)


def _is_only_of(item: Item, gone: Collection[Agent]) -> bool:
    """Whether something on the agenda is about plays of these alone."""
    match item:
        case Due() | Reached() | Again():
            return item.play.is_only_of(gone)
        case Told():
            return item.due.play.is_only_of(gone)
        case _:
            return False
