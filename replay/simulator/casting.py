"""Who plays in what: who comes gets a session of each scenario, and a play of what is offered at start.

A story whose steps name agents is shared. Whoever comes takes the first free role of the oldest play that has
one, or begins another play in the first role. One whose user bears the name of a role takes that role, in the
oldest play where it is free or in a play of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.channels import SERVICE
from replay.plan.timeline import Timeline
from replay.simulator.agents import Agent
from replay.simulator.forgetting import KEPT, MORE
from replay.simulator.happenings import Mark
from replay.simulator.minting import mint
from replay.simulator.plays import Play

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Casting:
    """The part of a simulator that gives agents their plays."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.forget_all()

    def forget_all(self) -> None:
        """Nothing has been played yet."""
        self._open: dict[int, list[Play]] = {}
        """Shared plays with free roles, by the place of their scenario, oldest first; no list is empty."""
        self._begun: Counter[int] = Counter()
        """The highest number that a play has had, by the place of its scenario."""
        self.played: set[int] = set()
        """Places of the scenarios of which somebody has got a play."""

    def forget(self, gone: Collection[Agent]) -> None:
        """In plays in which only these sit no role is free any more."""
        left = {
            place: [play for play in plays if not play.is_only_of(gone)]
            for place, plays in self._open.items()
        }
        self._open = {place: plays for place, plays in left.items() if plays}

    @property
    def awaits_somebody(self) -> bool:
        """Whether a role is free in a play that somebody has begun."""
        return bool(self._open)

    @property
    def waiting(self) -> int:
        """Events that wait until somebody takes their role."""
        return sum(len(play.waiting) for plays in self._open.values() for play in plays)

    def new_agent(self, headers: Mapping[str, str], now: float) -> Agent:
        """An agent, with a session of every scenario, and a play of each that is offered at start.

        Raises:
            FullError: as many are there as are taken.
        """
        self._simulator.turnstile.admit_agent(now)
        agent = self._simulator.agents.add(headers)
        agent.heard = now
        # Rules may have struck at its handshakes before one was taken.
        rules = self._simulator.faulting.striking.rules
        struck = {rule.name: rule.struck[agent.key] for rule in rules if agent.key in rule.struck}
        if struck:
            agent.struck.update(struck)
        self._simulator.journal.note("agent", self._simulator.since_start(now), agent.label)
        agent.forgotten.looked_at = len(self._simulator.timelines) + KEPT + MORE
        for timeline in self._simulator.timelines:
            if timeline.is_on_request:
                self._attend(agent, timeline, now)
            else:
                self.offer(agent, timeline, now)
        return agent

    def recognized(self, agent: Agent | None, now: float) -> None:
        """An agent asks again; if its name has become known by that, the journal calls it so from now on."""
        if agent is not None and agent.noted_as != agent.label:
            at = self._simulator.since_start(now)
            self._simulator.journal.note("agent", at, agent.label, was=agent.noted_as)
            agent.noted_as = agent.label

    def offer(self, agent: Agent, timeline: Timeline, now: float) -> Play:
        """One more play of a scenario, begun or joined; it starts for its agent once that listens."""
        play, role = self._seat(agent, timeline, now)
        play.seats[role] = agent
        agent.heard = now
        agent.plays.append(play)
        agent.reach.offered[timeline.place] += 1
        if timeline.place not in self.played:
            self.played.add(timeline.place)
            if timeline.is_on_request:
                self._simulator.faulting.put_up(timeline, now)
        self._simulator.finding.seat(agent, play)
        if play.sessions:
            self._join(agent, play.sessions[role], role, timeline.place)
        detail = {"role": play.timeline.roles[role]} if play.shared else {}
        self._note(play, agent, now, values=play.values.copy(), **detail)
        if play.shared and None not in play.seats:
            self._full(play)
        if self._is_listened_to(play, agent):
            self._start(play, role, now)
        waiting, play.waiting = play.waiting, ()
        for due in waiting:
            # What faults put off counts from now: before, there was nobody to tell.
            mark = msgspec.structs.replace(due.mark, at=now)
            self._simulator.events.bring(msgspec.structs.replace(due, mark=mark), now)
        self._simulator.forgetting.look(agent, now)
        return play

    def _attend(self, agent: Agent, timeline: Timeline, now: float) -> None:
        """An agent goes by a scenario's session before it plays it, by that of each role it may take."""
        many, named = len(timeline.roles) > 1, _named(agent, timeline)
        for role, part in enumerate(timeline.sessions):
            if (part.asks or part.cues) and named in {None, role}:
                known = [] if many else _sessions_by(agent, timeline)
                key = (agent.key, timeline.name, 1, *((role,) if many else ()))
                session = known[0] if known else self._session(timeline, role, key, now)
                session.is_ahead = many
                self._join(agent, session, role, timeline.place)

    def _join(self, agent: Agent, session: Play, role: int, place: int) -> None:
        """An agent goes by this session from now on, if it does not yet; also by that of another scenario."""
        known = agent.reach.sessions_of.setdefault(place, [])
        if session in known:
            return
        if session in agent.sessions:
            known.append(session)
            return
        session.seats[role] = agent
        ahead = [each for each in known if each.is_ahead] if not session.is_ahead else []
        before = next((each for each in ahead if each.part is session.part), None)
        if before is not None:
            session.catches_up_with(before)
        # Of one that versions of a scenario tell, the newest answers first; a role before those not taken.
        later = [each for each in known if each in ahead or each.is_one_with(session)]
        places = map(agent.sessions.index, later)
        agent.sessions.insert(min(places, default=len(agent.sessions)), session)
        known.append(session)
        self._simulator.finding.seat(agent, session)

    def _full(self, play: Play) -> None:
        """No role of it is free."""
        place = play.timeline.place
        self._open[place].remove(play)
        if not self._open[place]:
            del self._open[place]

    def listens(self, agent: Agent, now: float) -> None:
        """An agent has subscribed to something: what waited for that starts."""
        for play in [*agent.sessions, *agent.plays]:
            role = play.role_of(agent)
            if not play.started(role) and self._is_listened_to(play, agent):
                self._start(play, role, now)

    def _seat(self, agent: Agent, timeline: Timeline, now: float) -> tuple[Play, int]:
        """The play that an agent gets, and its role there: one that waits for somebody may be of the past."""
        for play in self._open.get(timeline.place, ()):
            wanted = _named(agent, play.timeline)
            free = [role for role, seat in enumerate(play.seats) if seat is None]
            if agent not in play.seats and (wanted is None or wanted in free):
                return play, free[0] if wanted is None else wanted
        if len(timeline.roles) == 1:
            ordinal = 1 + agent.reach.offered[timeline.place]
            self._begun[timeline.place] = max(self._begun[timeline.place], ordinal)
            return self._begin(timeline, ordinal, (agent.key, timeline.name), agent, now), 0
        self._begun[timeline.place] += 1
        ordinal = self._begun[timeline.place]
        key = (self._simulator.options.replica, timeline.name)
        play = self._begin(timeline, ordinal, key, agent, now)
        self._open.setdefault(timeline.place, []).append(play)
        return play, _named(agent, timeline) or 0

    def _begin(
        self,
        timeline: Timeline,
        ordinal: int,
        key: tuple[str | int, ...],
        agent: Agent,
        now: float,
    ) -> Play:
        """A play that nobody sits in, with a session for each role; an agent has one session of its own."""
        many = len(timeline.roles) > 1
        sessions = [] if many else _sessions_by(agent, timeline)
        for role in range(len(timeline.sessions) if not sessions else 0):
            number = ordinal if many else 1
            before = None if many else _own_session(agent, timeline)
            own = (*key, number, *((role,) if many else ()))
            sessions.append(self._session(timeline, role, own, now, number=number, before=before))
        play = Play(timeline, timeline.story, ordinal=ordinal, key=(*key, ordinal), sessions=tuple(sessions))
        self._mint(play, 1 + agent.reach.offered[timeline.place])
        play.since = now
        self._move(play, now)
        return play

    def _session(
        self,
        timeline: Timeline,
        role: int,
        key: tuple[str | int, ...],
        now: float,
        *,
        number: int = 1,
        before: Play | None = None,
    ) -> Play:
        """A session that nobody sits in.

        Args:
            before: The same of a scenario as it was, from which it goes on.
        """
        session = Play(timeline, timeline.sessions[role], ordinal=number, key=key)
        session.since = now
        self._move(session, now)
        if before is not None:
            session.goes_on_from(before)
            self._simulator.agents.pass_on(before, session)
        self._mint(session, 1)
        return session

    def _mint(self, play: Play, turn: int) -> None:
        agents, options = self._simulator.agents, self._simulator.options
        for value in mint(play, options.seed, turn, agents.is_minted, options.values):
            agents.know_minted(value, play)

    def _start(self, play: Play, role: int, now: float) -> None:
        if not play.shared or not any(play.started(other) for other in range(len(play.seats))):
            # Of all its roles the first to listen says to which time the play is moved.
            self._move(play, now)
        agent = play.seats[role]
        if agent is not None and agent.began is None:
            agent.began = agent.story = now
        self._simulator.happened(play, play.part.starts[role], Mark(now, now))

    def _move(self, play: Play, now: float) -> None:
        """The time of a play begins."""
        play.zero = now
        recorded = play.timeline.recorded
        if recorded is not None:
            play.shift = self.date_of(play) - recorded

    def date_of(self, play: Play) -> float:
        """To which time a play is moved, in seconds since 1970."""
        options = self._simulator.options
        return options.date if options.date is not None else options.epoch + play.zero

    def _is_listened_to(self, play: Play, agent: Agent) -> bool:
        """Whether an agent has subscribed to a channel on which it gets events."""
        telling, clients = self.awaited(play, play.role_of(agent)), agent.clients.values()
        return any(client.hears(channel) for client in clients for channel in telling)

    def awaited(self, play: Play, role: int) -> list[str]:
        """The channels of which one has to be heard before a role's part begins; none if nothing comes."""
        part = play.part
        cues = part.telling[role] if play.shared else [cue for cues in part.telling for cue in cues]
        channels = [play.channel_of(cue) for cue in cues]
        # Every client hears services; they say when a play begins only where nothing else does.
        return [channel for channel in channels if not channel.startswith(SERVICE)] or channels

    def _note(self, play: Play, agent: Agent, now: float, **detail: Any) -> None:
        at = self._simulator.since_start(now)
        self._simulator.journal.add("play", at, agent.label, play.label, "", 0.0, detail)


def _sessions_by(agent: Agent, timeline: Timeline) -> list[Play]:
    """An agent's sessions of a scenario as it is now; of another scenario, where they are the same."""
    known = agent.reach.sessions_of.get(timeline.place, ())
    found = [session for session in known if session.part is timeline.session]
    return found or [session for session in agent.sessions if session.part is timeline.session][:1]


def _own_session(agent: Agent, timeline: Timeline) -> Play | None:
    """What an agent has for a session of its own of a scenario that has changed."""
    known = agent.reach.sessions_of.get(timeline.place, ())
    own = [session for session in known if len(session.timeline.roles) == 1]
    return min(own, key=agent.sessions.index, default=None)


def _named(agent: Agent, timeline: Timeline) -> int | None:
    """The role that an agent's user bears the name of."""
    return timeline.roles.index(agent.name) if agent.name in timeline.roles else None
