"""Plays that plays bring: each time that `again:` of a scenario is set off, its agent gets another one.

Nobody is offered anything while it is away: an agent without a client gets it when it comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from replay.plan.pace import SETTLE
from replay.plan.timeline import Timeline
from replay.simulator.happenings import Again, Due, Mark
from replay.simulator.pending import Pending

if TYPE_CHECKING:
    from replay.simulator.agents import Agent
    from replay.simulator.simulator import Simulator

MOST_PLAYS = 1_000
"""Unfinished plays of an agent; each of its requests is held against all it has."""
LATER = 10.0
"""Seconds after which it is looked again whether an agent that has so many has finished some."""


class Offering:
    """The part of a simulator that offers plays which others have set off."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.is_used = False
        """Whether any scenario brings plays."""
        for timeline in simulator.timelines:
            self.learn(timeline)
        self.forget_all()

    @property
    def waiting(self) -> int:
        """How many plays wait for agents that are away."""
        return sum(map(len, self._away.values()))

    def learn(self, timeline: Timeline) -> None:
        """A scenario is served from now on."""
        self.is_used = self.is_used or bool(timeline.again)

    def forget_all(self) -> None:
        """Nobody is there."""
        self._away: dict[Agent, dict[int, Again]] = {}
        """What those who are away get when they come back, by the place of its scenario."""

    def forget(self, gone: Collection[Agent]) -> None:
        """These do not come back."""
        self._away = {agent: waiting for agent, waiting in self._away.items() if agent not in gone}

    def events(self, dues: Iterable[Due], mark: Mark) -> list[Due]:
        """Of what a moment has set off, the events; another play goes on the agenda."""
        events = []
        for due in dues:
            if due.cue in due.play.timeline.again:
                # Whatever the pace says: play after play in no time would leave time for nothing else.
                at = max(due.mark.at, mark.at + SETTLE)
                self._simulator.put(at, Again(due.play), due.mark.recorded)
            else:
                events.append(due)
        return events

    def perform(self, again: Again, now: float) -> None:
        """It is time for another play."""
        play = again.play
        agent = play.seats[0]
        assert agent is not None
        if agent.ever_had_clients and not agent.clients:
            self._away.setdefault(agent, {})[play.timeline.place] = again
        elif is_busy(self._simulator, agent):
            self._simulator.put(now + LATER, again)
        else:
            # It may have changed since.
            timeline = self._simulator.timelines[play.timeline.place]
            self._simulator.casting.offer(agent, timeline, now)

    def back(self, agent: Agent, now: float) -> None:
        """An agent listens: it gets what was to come while it was away."""
        for again in self._away.pop(agent, {}).values() if self._away else ():
            self.perform(again, now)


def is_busy(simulator: Simulator, agent: Agent) -> bool:
    """Whether an agent has as many unfinished plays as anybody may have."""
    if len(agent.plays) < MOST_PLAYS:
        return False
    pending = Pending(simulator)
    return sum(not pending.is_done_with(play) for play in agent.plays) >= MOST_PLAYS
