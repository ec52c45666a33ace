"""What requests have to come with before anything else is asked of them: a token, a login.

A demand is its scenario's, and holds for whoever has a play of that, whatever is asked. Of scenarios that
demand the same header the first that is served says what it is: a client has one token for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.cookies import pairs_in
from replay.bayeux.turn import BROWSER_COOKIE
from replay.plan.compiled import Demanded
from replay.plan.header_lines import on_a_line
from replay.plan.timeline import Timeline
from replay.plan.values import Lookup, Text, render
from replay.profiles.profile import user_of
from replay.scenario.delays import Distribution
from replay.scenario.templates import BASE_URL
from replay.simulator.agents import Agent, words_of
from replay.simulator.draws import delay_of
from replay.simulator.rest import body_of, json_of
from replay.simulator.wording import cut
from replay.wire import Answer, Headers, Input, Polled, Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

LONGEST = 500
"""Characters of a request that the journal names."""


class _Coming(msgspec.Struct, frozen=True):
    """A request that has come."""

    what: Request | Polled
    agent: Agent | None
    """Whose it is, as far as anybody knows."""
    now: float

    @property
    def method(self) -> str:
        """A page's script asks by GET, whatever else comes for Bayeux by POST."""
        if isinstance(self.what, Request):
            return self.what.method
        return "GET" if self.what.callback else "POST"

    @property
    def asked(self) -> str:
        """As the journal has it."""
        return f"{self.method} {self.what.path if isinstance(self.what, Request) else self.what.mount}"


class Demanding:
    """The part of a simulator that refuses who has not brought what is demanded."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.is_on = False
        """Whether anything is demanded of anybody: else nothing here is asked."""
        self._places: list[int] = []
        """Of the scenarios that demand something, or did so once."""
        self.learn()

    def learn(self) -> None:
        """What the scenarios demand that are played now; plays that have begun go on as they were."""
        demanding = (place for place, each in enumerate(self._simulator.timelines) if each.demands)
        self._places = sorted({*self._places, *demanding})
        self.is_on = bool(self._places)

    def refusal(self, happening: Input, now: float) -> Answer | None:
        """The answer to a request that lacks something; None where it lacks nothing."""
        if not isinstance(happening, Request | Polled):
            return None
        coming = _Coming(happening, self._sender(happening), now)
        for place, demand in self._holding(coming.agent):
            if demand.concerns(coming.method) and not self._is_met(coming, place, demand):
                return self._refuse(coming, place, demand)
        return None

    def given(self, agent: Agent | None, request: Request) -> Headers:
        """Headers of an answer by which its client learns what to send."""
        if agent is None:
            return ()
        return tuple(
            (name, on_a_line(render(value, self._lookup(agent, place, request.base_url))))
            for place, demand in self._holding(agent)
            if demand.gives(request.method)
            for name, value in demand.given
        )

    def _holding(self, agent: Agent | None) -> Iterator[tuple[int, Demanded]]:
        """What is demanded of an agent, or of somebody who is not known, with the scenario's place."""
        known: dict[str, int] = {}
        for place, timeline in self._played(agent):
            for demand in timeline.demands:
                if known.setdefault(demand.header, place) == place:
                    yield place, demand

    def _played(self, agent: Agent | None) -> Iterator[tuple[int, Timeline]]:
        """What an agent plays, as it was when it got its latest play of it; what it would, if it is new."""
        for place in self._places:
            if agent is None:
                timeline = self._simulator.timelines[place]
                if not timeline.is_on_request:
                    yield place, timeline
            elif agent.reach.offered.get(place) and agent.reach.sessions_of.get(place):
                yield place, agent.reach.sessions_of[place][-1].timeline

    def _sender(self, happening: Request | Polled) -> Agent | None:
        """Whose request it is, as far as anybody knows; nobody comes to be known by one that is refused."""
        agents, headers = self._simulator.agents, happening.headers
        query = happening.query if isinstance(happening, Request) else ()
        path = happening.path if isinstance(happening, Request) else ""
        words = words_of(path, query, json_of(happening.body))
        agent = agents.named_by(headers, agents.cookies_of(headers), words)
        if agent is None:
            here = agents.present()
            agent = here[0] if len(here) == 1 else agents.orphan()
            if agent is not None and agent.name is not None and "authorization" in headers:
                return None
        return agent

    def _is_met(self, coming: _Coming, place: int, demand: Demanded) -> bool:
        headers, agent = coming.what.headers, coming.agent
        if demand.unless_cookie and self._has_session(headers.get("cookie", "")):
            return True
        brought = headers.get(demand.header)
        if not brought:
            return False
        if demand.value is msgspec.UNSET:
            return True
        if agent is None and isinstance(demand.value, Text):
            return False
        lookup = self._lookup(agent, place, coming.what.base_url)
        return brought == on_a_line(render(demand.value, lookup)).strip()

    def _has_session(self, cookies: str) -> bool:
        """Whether a session cookie is one that we have given."""
        agents = self._simulator.agents
        names = agents.cookie_names - {BROWSER_COOKIE}
        values = [value for name, value in pairs_in(cookies) if name in names and value]
        return agents.named_by({}, values, ()) is not None

    def _refuse(self, coming: _Coming, place: int, demand: Demanded) -> Answer:
        simulator, reply, agent, now = self._simulator, demand.refused, coming.agent, coming.now
        label = agent.label if agent is not None else ""
        if agent is not None:
            agent.heard = now
            if simulator.faulting.has_rules:
                simulator.carriers.belongs(coming.what.exchange, agent)
        simulator.tallies.answers.add(("", "", reply.status))
        detail: dict[str, Any] = {"request": cut(coming.asked, LONGEST), "status": reply.status}
        at = simulator.since_start(now)
        simulator.journal.note("answer", at, label, **detail, demand=demand.name)
        lookup = self._lookup(agent, place, coming.what.base_url)
        return Answer(
            exchange=coming.what.exchange,
            at=self._at(coming, place, demand),
            status=reply.status,
            headers=tuple((name, on_a_line(render(value, lookup))) for name, value in reply.headers),
            body=body_of(reply, lookup, 0.0, {}),
        )

    def _at(self, coming: _Coming, place: int, demand: Demanded) -> float:
        simulator, timeline = self._simulator, self._simulator.timelines[place]
        delay = demand.refused.after
        if isinstance(delay, Distribution):
            key = coming.agent.key if coming.agent is not None else user_of(coming.what.headers) or ""
            subject = f"demand {demand.header}"
            count = simulator.faulting.count(key, timeline.name, subject)
            delay = delay_of(delay, simulator.options.seed, key, timeline.name, subject, count)
        return round(timeline.pace.after(coming.now, delay), 6)

    def _lookup(self, agent: Agent | None, place: int, base_url: str) -> Lookup:
        """What names stand for: a session knows; of somebody who is nobody yet it is the recorded value."""
        sessions = agent.reach.sessions_of.get(place, ()) if agent is not None else ()

        def lookup(name: str) -> Any:
            if name == BASE_URL:
                return base_url
            variable = name.rpartition(".")[2]
            for session in sessions:
                if variable in session.timeline.scenario.variables:
                    return session.lookup(name, base_url)
            recorded = self._simulator.timelines[place].scenario.variables[variable].recorded
            return "" if recorded is msgspec.UNSET else recorded

        return lookup
