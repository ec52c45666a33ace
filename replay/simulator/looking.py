"""Who waits for what, when somebody asks: agents in rows, and all that is known of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from replay.bayeux.client_state import Client
from replay.simulator.agents import Agent
from replay.simulator.facts import transport_of
from replay.simulator.pending import Pending
from replay.simulator.progress import Progress, channels_in_words, clipped
from replay.simulator.waiting import AgentRow, AgentState, ClientState, PlayState

if TYPE_CHECKING:
    from replay.simulator.plays import Play
    from replay.simulator.simulator import Simulator


MOST_STORIES = 200
"""Plays of one agent that are told of, the newest."""


def rows(
    simulator: Simulator, now: float, *, after: int = 0, limit: int = 1000, find: str = ""
) -> tuple[list[AgentRow], int]:
    """Agents in order of appearance, and how many there are also beyond these.

    Args:
        after: Only those after the one of this ordinal.
        find: Only those whose name has this in it, in upper or lower case.
    """
    wanted = find.casefold()
    everybody = simulator.agents.all
    found = [agent for agent in everybody if wanted in agent.label.casefold()] if wanted else everybody
    shown = [agent for agent in found if agent.ordinal > after][: max(0, limit)]
    look = _Look(simulator, now)
    return [look.row(agent) for agent in shown], len(found)


def state(simulator: Simulator, agent: Agent, now: float) -> AgentState:
    """All that is known of one agent."""
    return _Look(simulator, now).state(agent)


class _Look:
    """One look at a simulator."""

    def __init__(self, simulator: Simulator, now: float) -> None:
        self._simulator = simulator
        self._now = now
        self._pending = Pending(simulator)

    def row(self, agent: Agent) -> AgentRow:
        clients = list(agent.clients.values())
        unfinished = [play for play in agent.plays if not self._pending.is_over(play)]
        return AgentRow(
            agent=agent.label,
            ordinal=agent.ordinal,
            clients=len(clients),
            held_polls=sum(client.hold is not None for client in clients),
            queued=sum(client.pending for client in clients),
            undelivered=len(agent.held),
            plays=len(agent.plays),
            over=len(agent.plays) - len(unfinished),
            misses=agent.misses,
            struck=agent.struck.total(),
            waits_for=self._waits_for(agent, unfinished),
        )

    def state(self, agent: Agent) -> AgentState:
        plays = [*agent.sessions, *reversed(agent.plays[-MOST_STORIES:])]
        return AgentState(
            **msgspec.structs.asdict(self.row(agent)),
            connections=[self._client(agent, client) for client in agent.clients.values()],
            stories=[self._play(agent, play) for play in plays],
            held=[self._progress(each.due.play, agent).held(each, agent) for each in agent.held],
            rules={name: count for name, count in agent.struck.items() if count},
        )

    def _client(self, agent: Agent, client: Client) -> ClientState:
        hold = client.hold
        return ClientState(
            number=agent.numbers[client.id],
            transport=transport_of(client),
            state=client.state.value,
            subscriptions=list(client.subscriptions),
            held_for=round(max(0.0, hold.deadline - self._now), 6) if hold is not None else None,
            queued=client.pending,
        )

    def _play(self, agent: Agent, play: Play) -> PlayState:
        progress = self._progress(play, agent)
        done = progress.done()
        return PlayState(
            play=play.label,
            scenario=play.timeline.name,
            session=play in agent.sessions,
            role=play.timeline.roles[play.role_of(agent)] if len(play.seats) > 1 else "",
            since=round(self._simulator.since_start(play.since), 6),
            done=done,
            next=list(progress.next()),
            over=self._pending.is_over(play),
            values={name: clipped(value) for name, value in play.values.items()},
        )

    def _progress(self, play: Play, agent: Agent) -> Progress:
        return Progress(self._simulator, self._pending, play, agent, self._now)

    # In a sentence

    def _waits_for(self, agent: Agent, unfinished: list[Play]) -> str:
        return next(self._reasons(agent, unfinished), "nothing: all that it plays is over")

    def _reasons(self, agent: Agent, unfinished: list[Play]) -> Iterator[str]:
        """What keeps its newest unfinished play, the most pressing first."""
        if agent.refused is not None:
            yield f"waits until the agent logs in again: '{agent.refused.rule}' has had its login expire"
        queued = sum(len(client.queue) for client in agent.clients.values())
        if queued:
            events = "1 event is" if queued == 1 else f"{queued} events are"
            yield f"waits until the agent polls: {events} queued for it"
        hears = bool(agent.held) or any(play.part.cues for play in unfinished[-1:])
        if agent.ever_had_clients and not agent.clients and hears:
            yield "waits until the agent shakes hands again: it has no client any more"
        if not unfinished:
            for told in agent.held:
                channel = self._simulator.events.channel(told.due)
                yield f"waits until the agent subscribes to {channels_in_words([channel])}: an event is held"
            return
        newest = unfinished[-1]
        where = f"{newest.label}, " if len(unfinished) > 1 else ""
        for each in self._progress(newest, agent).next():
            yield f"{where}{each.step}: {each.why}"
