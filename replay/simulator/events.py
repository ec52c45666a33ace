"""Events on their way out: who hears them, which wait, and how faults have them told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay.bayeux.client_state import Client
from replay.faults.fault import Telling
from replay.plan.prepared import head_of
from replay.simulator.agents import Agent
from replay.simulator.happenings import Due
from replay.simulator.telling import Overtaken, Told

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

MOST_HELD = 1_000
"""Events of an agent that wait for a subscription; a tenth of them, the oldest, goes when there are more."""

_NOTHING: dict[str, Any] = {}


class Events:
    """The part of a simulator that tells agents what is due to them."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def push(self, due: Due, now: float) -> None:
        """An event is due."""
        # What sessions of several scenarios tell alike is told once; a story is told by itself.
        if due.play.is_story or not (due.play.is_silent or self._is_told(due)):
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
        mark = due.mark
        # Compared by hand: this is done for every event.
        if mark.recorded > agent.story:  # noqa: PLR1730
            agent.story = mark.recorded
        faulting = self._simulator.faulting
        if not faulting.striking.rules and due.tell_at <= mark.at:
            # As below, with nothing made that only rules could ask for: this is done for every event.
            faulting.count(agent.key, play.name, cue.id)
            self._tell_at_once(due, agent, now)
            return
        tellings = faulting.at_event(due, agent, now)
        if not tellings and self._simulator.anew.collecting.wants(due):
            # It is lost on its way: what it would have told is so all the same.
            base_url = next((client.base_url for client in agent.clients.values()), "")
            lost = _event(due, self.channel(due), base_url)
            self._simulator.anew.collecting.told(due, lost)
        for told in tellings:
            if told.telling.overtaken_by:
                agent.overtaken.append(Overtaken(told, told.telling.overtaken_by))
            # Not held against `now`: where time has run ahead, events keep the order of their moments.
            if told.telling.at > mark.at:
                self._simulator.put(round(told.telling.at, 6), told, mark.recorded)
            else:
                self.tell(told, now)

    def _tell_at_once(self, due: Due, agent: Agent, now: float) -> None:
        """Sends an event that no rule has struck."""
        channel = due.cue.channel
        if not isinstance(channel, str):
            channel = self.channel(due)
        listening = [client for client in agent.clients.values() if client.hears(channel)]
        at = due.mark.at
        if listening and not agent.overtaken:
            about = {"by": due.by} if due.by else _NOTHING
            self._deliver(due, channel, listening, now, since=min(now, at), about=about)
        else:
            self.tell(Told(due, Telling(at=at)), now)

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
            since = min(told.telling.at, now)
            self._deliver(due, channel, listening, now, since=since, about=_about(told), told=told)
        else:
            agent.held.append(told)
            self._held(due, agent.label, now, channel=channel, **_about(told))
            if len(agent.held) > MOST_HELD:
                self._lose(agent, now)
        if agent.overtaken:
            self._overtakes(told, agent, now)

    def _lose(self, agent: Agent, now: float) -> None:
        """Nobody has subscribed for very long: what has waited longest will be told to nobody."""
        count = MOST_HELD // 10
        lost, agent.held = agent.held[:count], agent.held[count:]
        for told in lost:
            told.due.play.beside[told.due.cue.id] -= 1
        self._simulator.misses.losses.unheard(agent.label, count, self._simulator.since_start(now))

    def release(self, agent: Agent, client: Client, now: float) -> None:
        """Sends what waited for a subscription that this client has now."""
        held, agent.held = agent.held, []
        for told in held:
            channel = self.channel(told.due)
            if client.hears(channel):
                self._deliver(told.due, channel, [client], now, since=now, about=_about(told), told=told)
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

    def _deliver(
        self,
        due: Due,
        channel: str,
        clients: list[Client],
        now: float,
        *,
        since: float,
        about: dict[str, Any],
        told: Told | None = None,
    ) -> None:
        simulator, play, cue = self._simulator, due.play, due.cue
        if cue.id:
            simulator.tallies.events.add(cue.said[0])
        at, label, late = simulator.since_start(since), play.label_of(cue.role), simulator.lateness.note()
        detail = {"channel": channel, **about} if about else {"channel": channel}
        simulator.journal.add("event", at, label, play.label, cue.id, late, detail)
        base_url, event = None, b""
        collecting = simulator.anew.collecting
        is_news = bool(collecting.fields) and (told is None or not told.is_copy) and collecting.wants(due)
        for client in clients:
            # Clients of one desktop have dialled the same.
            if client.base_url != base_url:
                base_url = client.base_url
                event = _event(due, channel, base_url)
                if is_news:
                    collecting.told(due, event)
                    is_news = False
                event = told.written(event) if told is not None else event
            simulator.bayeux.publish(client, event, now)

    def _held(self, due: Due, label: str, now: float, **detail: Any) -> None:
        simulator = self._simulator
        at = simulator.since_start(now)
        simulator.journal.add("held", at, label, due.play.label, due.cue.id, 0.0, detail)


def _about(told: Told) -> dict[str, Any]:
    """What the journal says of an event: who wanted it, if not the story, and which rules struck it."""
    wanted: dict[str, Any] = {"by": told.due.by} if told.due.by else {}
    return wanted | {"faults": list(told.rules)} if told.rules else wanted


def _event(due: Due, channel: str, base_url: str) -> bytes:
    """The message of an event, as JSON."""
    play, cue, captured = due.play, due.cue, due.mark.captured
    data = cue.data.encode(lambda name: play.lookup(name, base_url, captured, cue.role), play.shift, captured)
    return (cue.head or head_of(channel)) + data + b"}"
