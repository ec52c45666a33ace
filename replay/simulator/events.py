"""Events on their way out: who hears them, which wait, and how faults have them told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.client_state import Client
from replay.simulator.agents import Agent
from replay.simulator.plays import Due
from replay.simulator.telling import Overtaken, Told

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Events:
    """The part of a simulator that tells agents what is due to them."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def push(self, due: Due, now: float) -> None:
        """An event is due."""
        if not self._is_told(due):
            self.bring(due, now)

    def _is_told(self, due: Due) -> bool:
        """Whether the session of another scenario served has told the agent the same."""
        play = due.play
        agent = play.seats[due.cue.role]
        if agent is None or play.is_story:
            return False
        said = repr(due.cue.said)
        play.told[said] += 1
        others = (session for session in agent.sessions if not session.is_one_with(play))
        return any(other.told[said] >= play.told[said] for other in others)

    def bring(self, due: Due, now: float) -> None:
        """Tells an event to its agent, now or as faults have it; while its role is free, it waits for one."""
        play, cue = due.play, due.cue
        agent = play.seats[cue.role]
        if agent is None:
            play.waiting += (due,)
            role = play.timeline.roles[cue.role]
            self._held(due, "", now, role=role)
            return
        agent.story = max(agent.story, due.mark.recorded)
        for told in self._simulator.faulting.at_event(due, agent, now):
            if told.telling.overtaken_by:
                agent.overtaken.append(Overtaken(told, told.telling.overtaken_by))
            # Not held against `now`: where time has run ahead, events keep the order of their moments.
            if told.telling.at > due.mark.at:
                self._simulator.put(round(told.telling.at, 6), told, due.mark.recorded)
            else:
                self.tell(told, now)

    def tell(self, told: Told, now: float) -> None:
        """Sends an event to all who hear it; without any it waits for a subscription."""
        due = told.due
        agent = due.play.seats[due.cue.role]
        assert agent is not None
        if told.telling.overtaken_by and not self._comes_now(told, agent):
            return
        channel = self.channel(due)
        listening = [client for client in agent.clients.values() if client.hears(channel)]
        if listening:
            self._deliver(told, channel, listening, now, since=min(told.telling.at, now))
        else:
            agent.held.append(told)
            self._held(due, agent.label, now, channel=channel, **_about(told))
        if agent.overtaken:
            self._overtakes(told, agent, now)

    def release(self, agent: Agent, client: Client, now: float) -> None:
        """Sends what waited for a subscription that this client has now."""
        held, agent.held = agent.held, []
        for told in held:
            channel = self.channel(told.due)
            if client.hears(channel):
                self._deliver(told, channel, [client], now, since=now)
            else:
                agent.held.append(told)

    def channel(self, due: Due) -> str:
        """The channel of an event."""
        return due.play.channel_of(due.cue, due.mark.captured)

    def _comes_now(self, told: Told, agent: Agent) -> bool:
        """Whether an event that others overtake has not come before, when its own time is here."""
        found = next((each for each in agent.overtaken if each.told is told), None)
        if found is not None:
            agent.overtaken.remove(found)
        return found is not None

    def _overtakes(self, told: Told, agent: Agent, now: float) -> None:
        """An event has been told: those it was to overtake may come."""
        if told.telling.overtaken_by:
            return
        for each in agent.overtaken:
            each.left -= 1
        for each in [each for each in agent.overtaken if each.left <= 0]:
            self.tell(each.told, now)

    def _deliver(self, told: Told, channel: str, clients: list[Client], now: float, *, since: float) -> None:
        due = told.due
        simulator, play = self._simulator, due.play
        if due.cue.id:
            simulator.tallies.events.add(due.cue.said[0])
        simulator.journal.note(
            "event",
            simulator.since_start(since),
            play.label_of(due.cue.role),
            play=play.label,
            step=due.cue.id,
            late=simulator.lateness.note(),
            channel=channel,
            **_about(told),
        )
        rendered: dict[str, bytes] = {}
        for client in clients:
            base_url = client.base_url
            if base_url not in rendered:
                rendered[base_url] = told.written(_event(due, channel, base_url))
            simulator.bayeux.publish(client, rendered[base_url], now)

    def _held(self, due: Due, label: str, now: float, **detail: Any) -> None:
        simulator = self._simulator
        at = simulator.since_start(now)
        simulator.journal.note("held", at, label, play=due.play.label, step=due.cue.id, **detail)


def _about(told: Told) -> dict[str, Any]:
    """What the journal says of an event: who wanted it, if not the story, and which rules struck it."""
    wanted: dict[str, Any] = {"by": told.due.by} if told.due.by else {}
    return wanted | {"faults": list(told.rules)} if told.rules else wanted


def _event(due: Due, channel: str, base_url: str) -> bytes:
    """The message of an event, as JSON."""
    play, captured, role = due.play, due.mark.captured, due.cue.role
    data = due.cue.data.encode(lambda name: play.lookup(name, base_url, captured, role), play.shift)
    return b'{"channel":' + msgspec.json.encode(channel) + b',"data":' + data + b"}"
