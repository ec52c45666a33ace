"""All plays, agents and clients of one server: inputs in, effects out, `now` as an argument.

Duties of the caller: perform effects in order, each at its `at`; hand in `Woken` when a `Wake` has come (too
often is harmless). `now` never goes back.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Any

import msgspec

from replay.bayeux.client_state import Client
from replay.bayeux.delivery import Peer
from replay.bayeux.server import BayeuxServer
from replay.bayeux.settings import Settings
from replay.bayeux.turn import BROWSER_COOKIE
from replay.journal import Journal
from replay.plan.pace import Pace
from replay.plan.timeline import Moment, Timeline
from replay.plan.times import shift_fields
from replay.plan.values import render
from replay.registry import DIALECTS, EXTENSIONS, TRANSPORTS, resolve
from replay.scenario.durations import parse_duration
from replay.simulator.agents import Agents
from replay.simulator.casting import Casting
from replay.simulator.draws import token
from replay.simulator.plays import Due, Mark, Play, Reached
from replay.simulator.rest import Rest
from replay.wire import (
    Effect,
    ExchangeLost,
    Input,
    Polled,
    Request,
    SocketLost,
    SocketOpened,
    SocketText,
    Wake,
    Woken,
)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How scenarios are played."""

    pace: Pace = Pace()
    """Where it says only a speed, scenarios keep the pace of their own."""
    seed: int = 0
    epoch: float = 0.0
    """Seconds since 1970 at `now` = 0: times in events are moved to it."""
    date: float | None = None
    """Pretend that every play begins at this time (seconds since 1970)."""


class Simulator:
    """One server's worth of play."""

    def __init__(self, timelines: list[Timeline], options: Options | None = None) -> None:
        self.options = options or Options()
        self.timelines = [timeline.paced(self.options.pace) for timeline in timelines]
        self.journal = Journal()
        cookies = {BROWSER_COOKIE} | {timeline.profile.session_cookie for timeline in timelines}
        self.agents = Agents(cookies)
        self._client_numbers = itertools.count(1)
        self.bayeux = BayeuxServer(self, self._new_client_id, self._wall)
        self.mounts = {
            timeline.scenario.cometd.path.rstrip("/") or "/": _settings(timeline)
            for timeline in reversed(timelines)
        }
        self.casting = Casting(self)
        self._rest = Rest(self)
        self._peers: dict[int, Peer] = {}
        self._agenda: list[tuple[float, float, int, Due | Reached]] = []
        self._order = itertools.count()
        self._wake_at: float | None = None
        self._began: float | None = None

    def receive(self, happening: Input, now: float) -> list[Effect]:
        """One input; returns what is to be done about it, and about all that is due."""
        if self._began is None:
            self._began = now
        effects = self._perform_due(now)
        effects += self._react(happening, now)
        effects += self._perform_due(now)
        # One wake is under way at a time, so that stale ones never bring forth more. A later moment waits for
        # it; only an earlier one asks for its own.
        if self._wake_at is not None and self._wake_at <= now:
            self._wake_at = None
        due = self._next_due()
        if due is not None and (self._wake_at is None or due < self._wake_at):
            self._wake_at = due
            effects.append(Wake(at=due))
        return effects

    def _wall(self, now: float) -> float:
        return self.options.epoch + now

    def since_start(self, now: float) -> float:
        """Seconds since the first input, as the journal counts."""
        return now - (self._began if self._began is not None else now)

    # Inputs

    def _react(self, happening: Input, now: float) -> list[Effect]:
        match happening:
            case Polled():
                peer = self._peer(happening, exchange=happening.exchange)
                return self.bayeux.receive(happening.body, peer, now)
            case SocketText():
                if happening.socket in self._peers:
                    return self.bayeux.receive(happening.body, self._peers[happening.socket], now)
            case Request():
                return self._rest.receive(happening, now)
            case SocketOpened():
                self._peers[happening.socket] = self._peer(happening, socket=happening.socket)
            case SocketLost():
                self._peers.pop(happening.socket, None)
                self.bayeux.socket_lost(happening.socket, now)
            case ExchangeLost():
                self.bayeux.exchange_lost(happening.exchange, now)
            case Woken():
                pass
        return self.bayeux.take_effects()

    def _peer(self, source: Polled | SocketOpened, **carrier: int) -> Peer:
        settings = self.mounts[source.mount]
        transport = source.transport if isinstance(source, Polled) else "websocket"
        return Peer(
            headers=source.headers,
            base_url=source.base_url,
            settings=settings,
            transport=transport,
            exchange=carrier.get("exchange"),
            socket=carrier.get("socket"),
        )

    # What Bayeux clients do

    def welcomed(self, client: Client, peer: Peer, now: float) -> str | None:
        """A handshake: finds or makes its agent."""
        agent = self.agents.find(peer.headers, shaking_hands=True)
        if agent is None and "authorization" not in peer.headers:
            agent = self.agents.orphan(keeping_cookies=not self.casting.awaits_somebody)
        if agent is None:
            agent = self.casting.new_agent(peer.headers, now)
        self.agents.know_client(agent, client)
        carried = self.agents.cookies_of(peer.headers)
        self.agents.know_cookies(agent, carried)
        self.journal.note("handshake", self.since_start(now), agent.label, client=client.id)
        if f"{BROWSER_COOKIE}=" in peer.headers.get("cookie", ""):
            return None
        cookie = self.token("browser", agent.key, length=16)
        self.agents.know_cookies(agent, [cookie])
        return cookie

    def subscribed(self, client: Client, patterns: list[str], now: float) -> None:
        """A subscription: begins the plays that waited for it and sends what was held back for it."""
        agent = self.agents.owner(client)
        at = self.since_start(now)
        self.journal.note("subscribe", at, agent.label, client=client.id, channels=patterns)
        self.casting.listens(agent, now)
        held, agent.held = agent.held, []
        for due in held:
            if client.hears(self._channel(due)):
                self._deliver(due, [client], now, since=now)
            else:
                agent.held.append(due)

    def gone(self, client: Client, why: str, now: float) -> None:
        """A client ended."""
        agent = self.agents.forget_client(client)
        at = self.since_start(now)
        lost = len(client.queue)
        self.journal.note("disconnect", at, agent.label, client=client.id, why=why, lost=lost)

    # Moments and what they set off

    def happened(self, play: Play, moment: Moment, mark: Mark) -> None:
        """A moment of a play has come; what it sets off goes on the agenda."""
        play.note(moment, mark)
        for each in (play, *play.followers):
            for due in each.set_off(moment, self.options.seed):
                self._put(due.mark, due)

    def happens_later(self, reached: Reached) -> None:
        """A moment whose time is known already."""
        self._put(reached.mark, reached)

    def _put(self, mark: Mark, what: Due | Reached) -> None:
        heapq.heappush(self._agenda, (mark.at, mark.recorded, next(self._order), what))

    def _next_due(self) -> float | None:
        dues = [self.bayeux.next_due, self._agenda[0][0] if self._agenda else None]
        return min((due for due in dues if due is not None), default=None)

    def _perform_due(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._agenda and self._agenda[0][0] <= now:
            what = heapq.heappop(self._agenda)[3]
            if isinstance(what, Due):
                self._push(what, now)
            else:
                self.bayeux.flush(now)
                effects += self.bayeux.take_effects()
                effects += self._reach(what)
        self.bayeux.flush(now)
        self.bayeux.wake(now)
        return effects + self.bayeux.take_effects()

    def _reach(self, what: Reached) -> list[Effect]:
        self.happened(what.play, what.moment, what.mark)
        answer = what.answer
        if answer is None:
            return []
        at, play = self.since_start(what.mark.at), what.play
        step = what.moment.step
        self.journal.note("answer", at, what.label, play=play.label, step=step, status=answer.status)
        return [answer]

    # Events

    def _push(self, due: Due, now: float) -> None:
        if not self._is_told(due):
            self.bring(due, now)
        self.happened(due.play, Moment(due.cue.id), due.mark)

    def _is_told(self, due: Due) -> bool:
        """Whether the session of another scenario served has told the agent the same."""
        play = due.play
        agent = play.seats[due.cue.role]
        if agent is None or play not in agent.sessions:
            return False
        said = repr(due.cue.said)
        play.told[said] += 1
        return any(other.told[said] >= play.told[said] for other in agent.sessions if other is not play)

    def bring(self, due: Due, now: float) -> None:
        """Sends an event to all who hear it; without any it waits: while its role is free, for an agent."""
        play, cue = due.play, due.cue
        agent = play.seats[cue.role]
        if agent is None:
            play.waiting += (due,)
            at, role = self.since_start(now), play.timeline.roles[cue.role]
            self.journal.note("held", at, "", play=play.label, step=cue.id, role=role)
            return
        channel = self._channel(due)
        listening = [client for client in agent.clients.values() if client.hears(channel)]
        if listening:
            self._deliver(due, listening, now, since=due.mark.at)
        else:
            agent.held.append(due)
            at = self.since_start(now)
            self.journal.note("held", at, agent.label, play=play.label, step=cue.id, channel=channel)

    def _deliver(self, due: Due, clients: list[Client], now: float, *, since: float) -> None:
        play, cue = due.play, due.cue
        channel = self._channel(due)
        at = self.since_start(since)
        label = play.label_of(cue.role)
        self.journal.note("event", at, label, play=play.label, step=cue.id, channel=channel)
        rendered: dict[str, bytes] = {}
        for client in clients:
            base_url = client.base_url
            if base_url not in rendered:
                rendered[base_url] = _event(due, channel, base_url)
            self.bayeux.publish(client, rendered[base_url], now)

    def render(self, play: Play, compiled: Any, base_url: str, role: int) -> Any:
        """A compiled value as this play says it now to one of its roles."""
        value = render(compiled, lambda name: play.lookup(name, base_url, role=role))
        return shift_fields(value, play.timeline.shift_fields, play.shift) if play.shift else value

    def _channel(self, due: Due) -> str:
        play, captured, role = due.play, due.mark.captured, due.cue.role
        return str(render(due.cue.channel, lambda name: play.lookup(name, "", captured, role)))

    def _new_client_id(self) -> str:
        return self.token("client", next(self._client_numbers), length=26)

    def token(self, *key: str | int, length: int) -> str:
        """An opaque name of this run: what a client kept from another is nobody's here."""
        return token(self.options.seed, round(self.options.epoch * 1000), *key, length=length)


def _event(due: Due, channel: str, base_url: str) -> bytes:
    """The message of an event, as JSON."""
    play, captured, role = due.play, due.mark.captured, due.cue.role
    data = due.cue.data.encode(lambda name: play.lookup(name, base_url, captured, role), play.shift)
    return b'{"channel":' + msgspec.json.encode(channel) + b',"data":' + data + b"}"


def _settings(timeline: Timeline) -> Settings:
    cometd = timeline.scenario.cometd
    return Settings(
        timeout=timeline.timeout,
        interval=timeline.interval,
        max_interval=timeline.max_interval,
        connection_types=tuple(cometd.transports or TRANSPORTS),
        dialect=resolve(DIALECTS, cometd.dialect),
        extensions=tuple(resolve(EXTENSIONS, name)() for name in cometd.extensions),
        connect_only=cometd.connect_only,
        sessions_per_browser=cometd.sessions_per_browser,
        multi_session_interval=parse_duration(cometd.multi_session_interval),
        trust_client_id=cometd.trust_client_id,
    )
