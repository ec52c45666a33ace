"""Plays that are over and old go, so that hours of chats take no more room than the latest of them.

Of each agent are kept: whatever is not over, the newest play of each scenario, and the newest others that are
over. Of those that go it stays known how often each step took place, for what is expected; and for a while
which ids they had, so that a request that names one is told what has become of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from replay.simulator.forgotten import Times
from replay.simulator.pending import Pending
from replay.simulator.plays import RETRY, Play

if TYPE_CHECKING:
    from replay.simulator.agents import Agent
    from replay.simulator.simulator import Simulator

KEPT = 20
"""Plays of an agent that are over and are kept, the newest."""
MORE = 20
"""Plays that an agent gets before it is looked again which are over: a look costs a little each time."""
ASKING = 60.0
"""Seconds without a request after which a play may go that can be asked for ever: who polls goes on."""
BROKEN = 10
"""Plays of an agent that are kept because something followed another as it was not to."""


class Forgetting:
    """The part of a simulator that lets plays go."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def look(self, agent: Agent, now: float) -> None:
        """An agent has got one more play: once in a while, old ones go."""
        if len(agent.plays) < agent.forgotten.looked_at:
            return
        self._sweep(agent, now)
        agent.forgotten.looked_at = len(agent.plays) + MORE

    def _sweep(self, agent: Agent, now: float) -> None:
        pending = Pending(self._simulator)
        following = self._simulator.expecting.following
        newest = {play.timeline.place: play for play in agent.plays}
        over = broken = 0
        for play in reversed(agent.plays[:]):
            if newest[play.timeline.place] is play or not pending.is_done_with(play):
                continue
            over += 1
            if over <= KEPT or not self._may_go(play, pending, now):
                continue
            if following.is_broken(play) and broken < BROKEN:
                broken += 1
                continue
            self._forget(play)

    def _may_go(self, play: Play, pending: Pending, now: float) -> bool:
        """Whether nobody can miss a play that is over: what was just asked may be asked again."""
        latest = max((each.at for each in play.answered.values()), default=-math.inf)
        is_used_up = all(ask.repeat == "once" for ask in play.part.asks)
        if None in play.seats or latest + (RETRY if is_used_up else ASKING) >= now:
            return False
        if not play.shared:
            return True
        newest = (seat.plays[-KEPT:] for seat in play.seats if seat is not None)
        return all(map(pending.is_quiet, play.sessions)) and not any(play in plays for plays in newest)

    def _forget(self, play: Play) -> None:
        simulator = self._simulator
        simulator.agents.forget_minted(play)
        for seat in play.seats:
            if seat is not None:
                seat.plays.remove(play)
                seat.forgotten.plays += 1
                simulator.finding.unseat(seat, play)
        self._count(play)
        for session in play.sessions:
            session.followers.remove(play)
            if play.shared:
                self._forget_session(session)

    def _forget_session(self, session: Play) -> None:
        """One that belongs to a shared play alone."""
        self._simulator.agents.forget_minted(session)
        for seat in session.seats:
            if seat is not None:
                seat.sessions.remove(session)
                seat.reach.sessions_of[session.timeline.place].remove(session)
                self._simulator.finding.unseat(seat, session)
        self._count(session)

    def _count(self, play: Play) -> None:
        self._simulator.expecting.following.forget_play(play)
        place, roles = play.timeline.place, play.timeline.roles
        times = [(ask.id, ask.role, play.counts[ask.id]) for ask in play.part.asks]
        for cue in play.part.cues:
            told = play.times_set_off(cue) + play.steered[cue.id] + play.beside[cue.id]
            times.append((cue.id, cue.role, told))
        for step, role, count in times:
            seat = play.seats[role]
            if seat is not None:
                seat.forgotten.times[Times(place, step, roles[role], count)] += 1
