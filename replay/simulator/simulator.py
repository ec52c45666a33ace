"""All plays, agents and clients of one server: inputs in, effects out, `now` as an argument.

Duties of the caller: perform effects in order, each at its `at`; hand in `Woken` when a `Wake` has come (too
often is harmless). `now` never goes back.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping

import msgspec

from replay.bayeux.channels import CONNECT
from replay.bayeux.client_state import Client
from replay.bayeux.cookies import pairs_in
from replay.bayeux.messages import Message
from replay.bayeux.peer import Peer
from replay.bayeux.server import BayeuxServer
from replay.bayeux.turn import BROWSER_COOKIE
from replay.bayeux.verdict import Verdict
from replay.errors import ReplayError
from replay.faults.rules import Rule
from replay.journal import Journal
from replay.plan.common import with_common_sessions
from replay.plan.timeline import Moment, Timeline
from replay.scenario.model import Scenario
from replay.simulator.absence import Absence
from replay.simulator.acting import Acting
from replay.simulator.agents import Agent, Agents
from replay.simulator.anew import Anew
from replay.simulator.brought import HEADER, Brought
from replay.simulator.carriers import Carriers
from replay.simulator.casting import Casting
from replay.simulator.demanding import Demanding
from replay.simulator.draws import token
from replay.simulator.events import Events
from replay.simulator.expecting import Expecting
from replay.simulator.faulting import Faulting
from replay.simulator.finding import Finding
from replay.simulator.forgetting import Forgetting
from replay.simulator.forwarding import Forwarding
from replay.simulator.happenings import Again, Due, Leaving, Lift, Mark, Reached
from replay.simulator.lateness import Lateness
from replay.simulator.limits import Turnstile
from replay.simulator.misses import Misses
from replay.simulator.mounts import mounts_of
from replay.simulator.offering import Offering
from replay.simulator.options import Options
from replay.simulator.outages import Outages
from replay.simulator.plays import Play
from replay.simulator.renewing import Renewing
from replay.simulator.rest import Rest
from replay.simulator.switching import Expiry, Switching
from replay.simulator.tallies import Tallies
from replay.simulator.telling import Told
from replay.wire import (
    Answer,
    Begin,
    Effect,
    ExchangeLost,
    Forwarded,
    Input,
    Polled,
    Request,
    SocketLost,
    SocketOpened,
    SocketText,
    Wake,
    Woken,
)

Item = Due | Reached | Told | Again | Leaving | Lift | Expiry | Rule
"""What may stand on the agenda; a rule that begins by the clock stands there itself."""


class Simulator:
    """One server's worth of play."""

    def __init__(self, timelines: list[Timeline], options: Options | None = None) -> None:
        self.options = options or Options()
        self.timelines = with_common_sessions(
            each.paced(self.options.pace, place) for place, each in enumerate(timelines)
        )
        self.journal = Journal(max_entries=self.options.journal_entries, max_bytes=self.options.journal_bytes)
        self.lateness = Lateness()
        """Of the events and answers that had a time to wait for."""
        self.tallies = Tallies()
        sessions = (timeline.profile.session_cookie for timeline in timelines)
        self.agents = Agents({BROWSER_COOKIE, *sessions}, self.options.replica)
        self._client_numbers = itertools.count(1)
        self.bayeux = BayeuxServer(
            self,
            lambda: self.token("client", next(self._client_numbers), length=26),
            lambda now: self.options.epoch + now,
        )
        self.turnstile = Turnstile(self)
        self.mounts = mounts_of(timelines, queue=self.options.limits.queue)
        self.finding = Finding(self)
        self.finding.renewed()
        self.casting = Casting(self)
        self.anew = Anew(self)
        self.offering = Offering(self)
        self.forgetting = Forgetting(self)
        self.faulting = Faulting(self)
        self.acting = Acting(self)
        self.carriers, self.outages = Carriers(self), Outages(self)
        self.switching = Switching(self)
        self.brought = Brought(self)
        self.renewing = Renewing(self)
        self.forwarding = Forwarding(self)
        self.events = Events(self)
        self.misses, self.expecting, self.absence = Misses(self), Expecting(self), Absence(self)
        self.demanding = Demanding(self)
        self._rest = Rest(self)
        self._peers: dict[int, Peer] = {}
        self._agenda: list[tuple[float, float, int, Item, bool]] = []
        """With whether there was a time to wait for, when it was put there."""
        self._order = itertools.count()
        self._wakes: list[float] = []
        """When those that are under way come, as a heap."""
        self.generation = 0
        """How often all agents have been forgotten: what clients kept from before is nobody's."""
        self._began: float | None = None
        self._now = 0.0

    def receive(self, happening: Input, now: float) -> list[Effect]:
        """One input; returns what is to be done about it, and about all that is due."""
        if self._began is None:
            self._began = now
            for rule in self.faulting.striking.rules:
                self.faulting.begin(rule, now)
        self._now = now
        effects = self._perform_due(now)
        if not isinstance(happening, Woken):
            if self.outages.is_parted:
                happening = self.outages.incoming(happening)
            effects += self.react(happening, now)
            effects += self._perform_due(now)
        effects = self.carriers.outgoing(effects, now)
        if self.outages.is_parted:
            effects = self.outages.outgoing(effects)
        # Only a moment before all wakes that are under way asks for its own: a later one waits for them.
        while self._wakes and self._wakes[0] <= now:
            heapq.heappop(self._wakes)
        due = self._next_due()
        if due is not None and (not self._wakes or due < self._wakes[0]):
            heapq.heappush(self._wakes, due)
            effects.append(Wake(at=due))
        return effects

    @property
    def scenarios(self) -> list[Scenario]:
        """What is played."""
        return [timeline.scenario for timeline in self.timelines]

    def carries_session(self, headers: Mapping[str, str]) -> bool:
        """Whether a request comes with a session cookie: what it is called, the API says."""
        names = self.agents.cookie_names - {BROWSER_COOKIE}
        return any(name in names for name, value in pairs_in(headers.get("cookie", "")) if value)

    def since_start(self, now: float) -> float:
        """Seconds since the first input, as the journal counts."""
        return now - self._began if self._began is not None else 0.0

    # Inputs

    def react(self, happening: Input, now: float) -> list[Effect]:
        """What an input brings about at once."""
        effects = self._heed(happening, now)
        if self.acting.put_off:
            self.acting.catch_up(now)
        effects += self.bayeux.take_effects()
        return effects

    def _heed(self, happening: Input, now: float) -> list[Effect]:
        if self.demanding.is_on and (refused := self.demanding.refusal(happening, now)) is not None:
            return [refused]
        # What comes most often comes first.
        if isinstance(happening, Polled):
            return self._polled(happening, now)
        if isinstance(happening, Request):
            return self._rest.receive(happening, now)
        match happening:
            case SocketText():
                if happening.socket in self._peers and not self.carriers.is_deaf(happening.socket):
                    return self.bayeux.receive(happening.body, self._peers[happening.socket], now)
            case SocketOpened():
                peer = self._peer(happening, "websocket", socket=happening.socket)
                self._peers[happening.socket] = peer
            case SocketLost():
                self._peers.pop(happening.socket, None)
                self.carriers.lost(happening.socket)
                self.bayeux.socket_lost(happening.socket, now)
            case Forwarded():
                return self.forwarding.forwarded(happening, now)
            case ExchangeLost():
                self.forwarding.lost(happening.exchange)
                self.carriers.lost(happening.exchange)
                self.bayeux.exchange_lost(happening.exchange, now)
            case Woken():
                pass
        return []

    def _polled(self, polled: Polled, now: float) -> list[Effect]:
        if HEADER in polled.headers:
            try:
                self.brought.expect(polled)
            except ReplayError as error:
                return [self.brought.refused(polled, error, now)]
        peer = self._peer(polled, polled.transport, exchange=polled.exchange)
        if polled.callback:
            self.carriers.calls(polled.exchange, polled.callback)
        effects = self.bayeux.receive(polled.body, peer, now)
        if self.brought.is_awaited:
            self.brought.forget()
        return effects

    def _peer(
        self,
        source: Polled | SocketOpened,
        transport: str,
        exchange: int | None = None,
        socket: int | None = None,
    ) -> Peer:
        return Peer(
            headers=source.headers,
            base_url=source.base_url,
            settings=self.mounts[source.mount],
            transport=transport,
            exchange=exchange,
            socket=socket,
        )

    # What Bayeux clients do

    def judges(self, batch: list[Message]) -> bool:
        """Whether any rule may strike at these, or one that comes later has to know how many there were."""
        is_poll = len(batch) == 1 and batch[0].get("channel") == CONNECT
        return not is_poll or self.faulting.has_rules or self.brought.is_awaited

    def judged(self, message: Message, client: Client | None, peer: Peer, now: float) -> Verdict:
        """What rules have to say about a Bayeux message."""
        return self.faulting.at_meta(message, client, peer, now, own=self.brought.at_meta(message))

    def turns_away(self, peer: Peer, now: float) -> str | None:
        """Why a handshake is refused, if there is no room for its client, or for its agent."""
        return self.turnstile.refusal(now, is_known=lambda: self._shaking(peer, now) is not None)

    def _shaking(self, peer: Peer, now: float) -> Agent | None:
        """Whose handshake it is, if it is one's who is known."""
        agent = self.agents.find(peer.headers, shaking_hands=True)
        self.casting.recognized(agent, now)
        if agent is None and "authorization" not in peer.headers:
            agent = self.agents.orphan(keeping_cookies=not self.casting.awaits_somebody)
        return agent

    def welcomed(self, client: Client, peer: Peer, now: float) -> str | None:
        """A handshake: finds or makes its agent."""
        agent = self._shaking(peer, now) or self.casting.new_agent(peer.headers, now)
        self.agents.know_client(agent, client)
        carried = self.agents.cookies_of(peer.headers)
        self.agents.know_cookies(agent, carried)
        number = client.number
        self.journal.note("handshake", self.since_start(now), agent.label, client=number)
        if f"{BROWSER_COOKIE}=" in peer.headers.get("cookie", ""):
            return None
        cookie = self.token("browser", agent.key, length=16)
        self.agents.know_cookies(agent, [cookie])
        return cookie

    def subscribed(self, client: Client, patterns: list[str], now: float) -> None:
        """A subscription: begins the plays that waited for it and sends what was held back for it."""
        agent = self.agents.owner(client)
        at = self.since_start(now)
        self.journal.note("subscribe", at, agent.label, client=client.number, channels=patterns)
        self.casting.listens(agent, now)
        self.events.release(agent, client, now)
        self.offering.back(agent, now)

    def gone(self, client: Client, why: str, now: float) -> None:
        """A client ended."""
        agent = self.agents.forget_client(client)
        agent.heard = now
        at = self.since_start(now)
        lost = len(client.queue)
        number = client.number
        self.journal.note("disconnect", at, agent.label, client=number, why=why, lost=lost)
        if lost:
            self.misses.losses.note(agent.label, number, why, lost, at)

    # Moments and what they set off

    def happened(self, play: Play, moment: Moment, mark: Mark, *, tell_at: float = 0.0) -> list[Due]:
        """A moment of a play has come; what it sets off goes on the agenda.

        Args:
            tell_at: Before this nothing that it sets off is told.
        """
        dues = play.happens(moment, mark, self.options.seed)
        # Nobody goes by a story.
        for each in play.followers if not play.is_story else ():
            dues += each.set_off(moment, self.options.seed)
        if self.offering.is_used and dues:
            dues = self.offering.events(dues, mark)
        if tell_at:
            dues = [msgspec.structs.replace(due, tell_at=tell_at) for due in dues]
        for due in dues:
            self.put(due.mark.at, due, due.mark.recorded)
        return dues

    def happens_later(self, reached: Reached) -> None:
        """A moment whose time is known already."""
        self.put(reached.mark.at, reached, reached.mark.recorded)

    def put(self, at: float, what: Item, recorded: float | None = None) -> None:
        """Something goes on the agenda.

        Args:
            recorded: Where it would stand had every delay been kept.
        """
        order = at if recorded is None else recorded
        heapq.heappush(self._agenda, (at, order, next(self._order), what, at != self._now))

    @property
    def agenda(self) -> Iterator[tuple[float, Item]]:
        """What comes by itself, with its time, in no order."""
        return ((entry[0], entry[3]) for entry in self._agenda)

    def withdraw(self, is_void: Callable[[Item], bool]) -> None:
        """These go from the agenda."""
        self._agenda[:] = [entry for entry in self._agenda if not is_void(entry[3])]
        heapq.heapify(self._agenda)

    def _next_due(self) -> float | None:
        client = self.bayeux.next_due
        if not self._agenda:
            return client
        item = self._agenda[0][0]
        return item if client is None or item < client else client

    def _perform_due(self, now: float) -> list[Effect]:
        agenda = self._agenda
        if not agenda or agenda[0][0] > now:
            return self.bayeux.settle(now)
        effects: list[Effect] = []
        while agenda and agenda[0][0] <= now:
            at, _, _, what, waited = heapq.heappop(agenda)
            self.lateness.of_this = now - at if waited else None
            if isinstance(what, Due):
                if what.cue.until and what.play.ended_by(what.cue.until):
                    what.play.steered[what.cue.id] -= 1
                    continue
                mark = what.mark
                if what.cue.makes:
                    what, mark = self.anew.at_event(what)
                self.events.push(what, now)
                self.happened(what.play, what.cue.moment, mark)
            elif isinstance(what, Reached):
                self.bayeux.flush(now)
                effects += self.bayeux.take_effects()
                effects += self._reach(what)
            else:
                effects += self._perform(what, now)
            self.lateness.of_this = None
        effects += self.bayeux.settle(now)
        return effects

    def _perform(self, what: Told | Again | Leaving | Lift | Expiry | Rule, now: float) -> list[Effect]:
        effects: list[Effect] = []
        match what:
            case Told():
                self.events.tell(what, now)
            case Again():
                self.offering.perform(what, now)
            case Leaving():
                self.carriers.leave(what, now)
            case Lift():
                effects += self.outages.lift(what, now)
                if not self.outages.is_out(what.rule):
                    self.switching.lifted(what.rule, now)
            case Expiry():
                self.switching.expire(what.rule, now)
            case Rule():
                self.faulting.by_the_clock(what, now)
        return effects

    def _reach(self, what: Reached) -> list[Effect]:
        dues = self.happened(what.play, what.moment, what.mark)
        answer = what.answer
        if answer is None:
            return []
        if what.order is not None:
            latest = max((due.mark.at for due in (*what.order.dues, *dues)), default=answer.at)
            answer = msgspec.structs.replace(answer, at=max(answer.at, latest + what.order.gap))
        at, play = self.since_start(what.mark.at), what.play
        step = what.moment.step
        touched = {"faults": [each.rule.name for each in what.struck]} if what.struck else {}
        effects: list[Effect] = [answer]
        status = answer.status
        if what.struck:
            effects = self.faulting.answered(what.struck, answer)
            status = next((each.status for each in effects if isinstance(each, Answer | Begin)), status)
        label, late = what.label, self.lateness.note()
        self.tallies.answers.add((play.name, step, status))
        self.journal.add("answer", at, label, play.label, step, late, {"status": status, **touched})
        return effects

    def token(self, *key: str | int, length: int) -> str:
        """An opaque name of this run: what a client kept from another is nobody's here."""
        options = self.options
        run = (
            options.run or round(options.epoch * 1000),
            *((f"{self.generation}",) if self.generation else ()),
        )
        return token(options.seed, *run, *key, length=length)
