"""Who waits for what, when somebody asks: agents in rows, and all that is known of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from replay.bayeux.client_state import Client
from replay.faults.rules import Rule
from replay.scenario.durations import format_duration
from replay.simulator.agents import Agent
from replay.simulator.facts import transport_of
from replay.simulator.pending import Pending, may_come
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
            forgotten=agent.forgotten.plays,
            misses=agent.misses,
            struck=agent.struck.total(),
            waits_for=self._waits_for(agent, unfinished),
        )

    def state(self, agent: Agent) -> AgentState:
        plays = [*agent.sessions, *reversed(agent.plays[-MOST_STORIES:])]
        return AgentState(
            **msgspec.structs.asdict(self.row(agent)),
            connections=[self._client(client) for client in agent.clients.values()],
            stories=[self._play(agent, play) for play in plays],
            held=[self._progress(each.due.play, agent).held(each, agent) for each in agent.held],
            rules={name: count for name, count in agent.struck.items() if count},
        )

    def _client(self, client: Client) -> ClientState:
        hold = client.hold
        return ClientState(
            number=client.number,
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
        outages = self._simulator.outages
        if outages.parting is not None:
            left = self._lasts(outages.parting)
            yield f"waits until the network is whole again: '{outages.parting.name}' lets nothing pass{left}"
        if outages.refusing is not None and not any(map(_is_listening, agent.clients.values())):
            left = self._lasts(outages.refusing)
            yield f"waits until it can connect: '{outages.refusing.name}' refuses new connections{left}"
        if agent.refused is not None:
            yield f"waits until the agent logs in again: '{agent.refused.rule}' has had its login expire"
        queued = sum(len(client.queue) for client in agent.clients.values())
        if queued and not any(map(_has_all, agent.clients.values())):
            events = "1 event is" if queued == 1 else f"{queued} events are"
            yield f"waits until the agent polls: {events} queued for it"
        if agent.ever_had_clients and not agent.clients and self._may_hear(agent, unfinished):
            yield "waits until the agent shakes hands again: it has no client any more"
        if unfinished:
            newest = unfinished[-1]
            where = f"{newest.label}, " if len(unfinished) > 1 else ""
            progress = self._progress(newest, agent)
            for each in progress.next():
                lately = progress.lately()
                yield f"{where}{each.step}: {each.why}{f' ({lately})' if lately else ''}"
        for session in agent.sessions:
            # What may be asked in a session need not be.
            coming = self._progress(session, agent).next() if not session.is_silent else ()
            yield from (f"{each.step}: {each.why}" for each in coming if each.kind == "push" or each.due_in)
        for told in agent.held:
            channel = self._simulator.events.channel(told.due)
            yield f"waits until the agent subscribes to {channels_in_words([channel])}: an event is held"

    def _lasts(self, rule: Rule) -> str:
        """How long what a rule began goes on."""
        until = self._simulator.outages.until(rule)
        return f" for {format_duration(round(max(0.0, until - self._now), 3))}" if until is not None else ""

    def _may_hear(self, agent: Agent, unfinished: list[Play]) -> bool:
        """Whether events are still to come in its newest play, or wait already."""
        if agent.held or not unfinished:
            return bool(agent.held)
        newest, pending = unfinished[-1], self._pending
        if pending.dues.get(newest) or pending.put_off(newest):
            return True
        return any(may_come(newest, cue) for cue in newest.part.cues)


def _is_listening(client: Client) -> bool:
    """Whether there is a connection on which a client is given what comes."""
    return client.hold is not None or client.socket is not None


def _has_all(client: Client) -> bool:
    """Whether a client has been given all there is, and will be given what comes."""
    return _is_listening(client) and bool(client.subscriptions) and not client.queue
