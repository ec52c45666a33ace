"""REST requests: who asks, which step it is, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.cookies import for_page
from replay.bayeux.delivery import JSON_TYPE
from replay.bayeux.messages import MalformedError, decode
from replay.errors import ReplayError
from replay.faults.fault import Swap
from replay.faults.rules import Rule
from replay.plan.header_lines import on_a_line
from replay.plan.timeline import Ask, Reply
from replay.plan.values import Lookup, render
from replay.scenario.delays import Distribution, span
from replay.simulator.agents import Agent, words_of
from replay.simulator.asking import Asking, Candidate, Question
from replay.simulator.brought import HEADER
from replay.simulator.draws import delay_of
from replay.simulator.happenings import Answered, Mark, Order, Reached, Refusal
from replay.simulator.limits import FullError
from replay.simulator.matching import choose, is_answerable
from replay.simulator.nearest import said_operation
from replay.simulator.plays import RETRY, Play
from replay.simulator.striking import Struck
from replay.wire import Answer, Effect, Headers, Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

_NOTHING: dict[str, Any] = {}


class Rest:
    """The REST half of a simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def receive(self, request: Request, now: float) -> list[Effect]:
        """Answers one request, now or later."""
        own: tuple[Rule, ...] = ()
        try:
            if HEADER in request.headers:
                own = self._simulator.brought.with_request(request)
        except ReplayError as error:
            return [self._simulator.brought.refused(request, error, now)]
        try:
            asking = self._asking(request, now)
        except FullError as full:
            return [self._simulator.turnstile.answer(request, full, now)]
        if asking.agent is not None and asking.agent.refused is not None:
            return [self._turned_away(asking, asking.agent.refused)]
        chosen = choose(asking.found)
        # What can be answered is no retry of itself.
        is_clear = chosen is not None and len(asking.found) == 1
        before = None if is_clear else self._before(asking)
        again = before is not None and (chosen is None or not _is_next(chosen, before))
        candidate = before if again else chosen
        if candidate is None:
            return [self._missed(request, asking)]
        faulting = self._simulator.faulting
        struck = faulting.at_request(
            candidate.play, candidate.ask, asking.question, asking.agent, now=now, own=own
        )
        if struck:
            # Anew: a rule may have made the cookies unknown, or taken them back.
            asking = msgspec.structs.replace(asking, cookies=self._own(request, asking.agent))
        if struck and any(each.rule.fault.refuses for each in struck):
            return faulting.refused(struck, Answer(exchange=asking.exchange, at=now, headers=asking.cookies))
        if again:
            return faulting.answered(struck, self._again(asking, candidate))
        self._answer(asking, candidate, struck)
        return []

    def _missed(self, request: Request, asking: Asking) -> Effect:
        """A request that is no step is held against all, to say which it nearly was."""
        simulator, question, now = self._simulator, asking.question, asking.now
        agent: Agent | None = asking.agent
        if agent is None:
            return simulator.misses.answer(request, question, agent, [], now)
        words = words_of(question.path, question.query, question.json)
        operation = said_operation(question, simulator.timelines[0].profile.operation_field)
        found = simulator.finding.near(question, agent, words, operation)
        missed = simulator.misses.answer(request, question, agent, found, now)
        if simulator.demanding.is_on:
            given = simulator.demanding.given(agent, request)
            missed = msgspec.structs.replace(missed, headers=missed.headers + given)
        if not simulator.options.forward:
            return missed
        return simulator.forwarding.instead(request, question, agent, found, missed)

    def _asking(self, request: Request, now: float) -> Asking:
        question = _question(request)
        words = words_of(question.path, question.query, question.json)
        agent = self._agent(request, words, now)
        simulator = self._simulator
        if simulator.faulting.has_rules:
            simulator.carriers.belongs(request.exchange, agent)
        if agent is None:
            return Asking(request.exchange, question, None, (), [], now)
        agent.heard = now
        if agent.refused is not None and not simulator.carries_session(request.headers):
            agent.refused = None
        found = simulator.finding.fitting(question, agent, words)
        return Asking(request.exchange, question, agent, self._own(request, agent), found, now)

    def _agent(self, request: Request, words: list[str], now: float) -> Agent | None:
        agents, awaited = self._simulator.agents, self._simulator.casting.awaits_somebody
        agent = agents.find(request.headers, words, awaited=awaited)
        if agent is not None:
            self._simulator.casting.recognized(agent, now)
            return agent
        if "authorization" not in request.headers:
            present = agents.present()
            if present and not (awaited and agents.all_keep_cookies()):
                return present[0] if len(present) == 1 else None
        return self._simulator.casting.new_agent(request.headers, now)

    def _own(self, request: Request, agent: Agent | None) -> Headers:
        """Headers by which its client is known next time, and learns what is demanded of it."""
        cookies, demanding = self._cookies(request, agent), self._simulator.demanding
        return cookies + demanding.given(agent, request) if demanding.is_on else cookies

    def _cookies(self, request: Request, agent: Agent | None) -> Headers:
        """What an answer sets, so that its client is known next time."""
        if agent is None:
            return ()
        simulator = self._simulator
        name = simulator.timelines[0].profile.session_cookie
        if agent.refused is not None:
            return (("Set-Cookie", f"{name}=; Path=/; Max-Age=0"),)
        carried = simulator.agents.cookies_of(request.headers)
        simulator.agents.know_cookies(agent, carried)
        if carried and not agent.is_unknown:
            return ()
        agent.is_unknown = False
        if not agent.cookie:
            turn = (agent.cookies,) if agent.cookies else ()
            agent.cookies += 1
            agent.cookie = simulator.token("session", agent.key, *turn, length=32)
            simulator.agents.know_cookies(agent, [agent.cookie])
        cookie = for_page(f"{name}={agent.cookie}; Path=/; HttpOnly", request.base_url)
        return (("Set-Cookie", cookie),)

    def _answer(self, asking: Asking, chosen: Candidate, struck: tuple[Struck, ...]) -> None:
        simulator, play, ask, now = self._simulator, chosen.play, chosen.ask, asking.now
        reply = play.reply_for(ask)
        assert reply is not None
        values = play.take(ask, chosen.captures)
        if ask.changes:
            simulator.anew.merge(play, ask, values)
        made = simulator.anew.at_answer(play, ask, reply, now, values) if reply.makes else _NOTHING
        # A login counts for all scenarios served.
        others = [] if play.is_story else _alike(chosen, asking.found)
        taken = [(each, self._taken(each, now)) for each in others]
        label = play.label_of(ask.role)
        simulator.journal.add("request", simulator.since_start(now), label, play.label, ask.id, 0.0, {})
        base_url = asking.question.base_url
        delay = reply.after
        if isinstance(delay, Distribution):
            delay = delay_of(delay, simulator.options.seed, *play.key, ask.id, play.counts[ask.id])
        answer = Answer(
            exchange=asking.exchange,
            at=play.answered_at(now, delay, ask, simulator.options.seed),
            status=reply.status,
            headers=_headers(play, ask, reply, base_url, made) + asking.cookies,
            body=self._body(play, ask, reply, base_url, made),
        )
        play.answered[ask.id] = Answered(now, asking.question.fingerprint, answer)
        if asking.agent is not None and now > asking.agent.story:
            asking.agent.story = now
        order = self._order(struck, play, ask, delay) if struck else None
        tell_at = 0.0
        if order is not None and order.first == "answer":
            tell_at = simulator.faulting.over(struck, answer) + order.gap
        dues = simulator.happened(play, ask.asked, Mark(now, now, values, delay), tell_at=tell_at)
        # As what it sets off is: of what falls on one moment the order is the same at any time.
        recorded = round(now + delay, 6)
        is_last = order is not None and order.first == "events"
        after = Order(tuple(dues), order.gap) if order is not None and is_last else None
        mark = Mark(answer.at, recorded, values)
        simulator.happens_later(Reached(play, ask.replied, mark, answer, label, struck, after))
        for each, given in taken:
            simulator.happened(each.play, each.ask.asked, Mark(now, now, given, delay), tell_at=tell_at)
            simulator.happens_later(Reached(each.play, each.ask.replied, Mark(answer.at, recorded, given)))

    def _taken(self, other: Candidate, now: float) -> dict[str, Any]:
        """A request that another session answers is this one too: what the client sent, and what is made."""
        reply = other.play.reply_for(other.ask)
        values = other.play.take(other.ask, other.captures)
        if other.ask.changes:
            self._simulator.anew.merge(other.play, other.ask, values)
        if reply is not None and reply.makes:
            self._simulator.anew.at_answer(other.play, other.ask, reply, now, values)
        return values

    def _order(self, struck: tuple[Struck, ...], play: Play, ask: Ask, delay: float) -> Swap | None:
        """What a rule says comes first, the answer or the events; if it leaves that open, the other."""
        swap = self._simulator.faulting.order(struck)
        if swap is None or swap.first:
            return swap
        cues = play.part.cues_on.get(ask.asked, ())
        events_are_first = any(span(cue.trigger.delay)[0] < delay for cue in cues)
        return msgspec.structs.replace(swap, first="answer" if events_are_first else "events")

    def _turned_away(self, asking: Asking, refusal: Refusal) -> Answer:
        """The answer to somebody whose login has expired."""
        simulator = self._simulator
        assert asking.agent is not None
        asked = f"{asking.question.method} {asking.question.path}"
        at = simulator.since_start(asking.now)
        detail: dict[str, Any] = {"request": asked, "status": refusal.status, "faults": [refusal.rule]}
        simulator.tallies.answers.add(("", "", refusal.status))
        simulator.journal.note("answer", at, asking.agent.label, **detail)
        body = msgspec.json.encode(simulator.timelines[0].profile.not_logged_in())
        headers = (JSON_TYPE, *asking.cookies)
        return Answer(
            exchange=asking.exchange, at=asking.now, status=refusal.status, headers=headers, body=body
        )

    def _before(self, asking: Asking) -> Candidate | None:
        """The step that answered this same request last and has no answer left: its client tries again."""
        latest: tuple[float, Candidate | None] = asking.now - RETRY, None
        for candidate in asking.found:
            answered = candidate.play.answered.get(candidate.ask.id)
            if answered is None or answered.at < latest[0]:
                continue
            if answered.fingerprint == asking.question.fingerprint and _is_used_up(candidate):
                latest = answered.at, candidate
        return latest[1]

    def _again(self, asking: Asking, before: Candidate) -> Answer:
        simulator, play, ask = self._simulator, before.play, before.ask
        since = simulator.since_start(asking.now)
        simulator.journal.add("retry", since, play.label_of(ask.role), play.label, ask.id, 0.0, {})
        answer = play.answered[ask.id].answer
        at = max(asking.now, answer.at)
        return msgspec.structs.replace(answer, exchange=asking.exchange, at=at)

    def _body(self, play: Play, ask: Ask, reply: Reply, base_url: str, made: Mapping[str, Any]) -> bytes:
        def lookup(name: str) -> Any:
            return play.lookup(name, base_url, made, ask.role)

        return body_of(reply, lookup, play.shift, made)


def body_of(reply: Reply, lookup: Lookup, seconds: float, made: Mapping[str, Any]) -> bytes:
    """What an answer brings.

    Args:
        seconds: By which its times are moved.
        made: What its step has made, by `STEP.name`.
    """
    if reply.body is not msgspec.UNSET:
        return reply.prepared.encode(lookup, seconds, made)
    if isinstance(reply.raw, bytes):
        return reply.raw
    return str(render(reply.raw, lookup)).encode()


def json_of(body: bytes) -> Any:
    """What a request says in JSON; unset where it says nothing in it."""
    try:
        return decode(body) if body and not body.isspace() else msgspec.UNSET
    except MalformedError:
        return msgspec.UNSET


def _is_used_up(candidate: Candidate) -> bool:
    """Whether the request is this ask, which has no answer left."""
    return candidate.fits and not is_answerable(candidate)


def _is_next(chosen: Candidate, before: Candidate) -> bool:
    """Whether a step takes a request for a new one that another has answered just now.

    It does if both are of one play, where all sessions of an agent are one, or if its turn has come since.
    """
    if chosen.play is before.play or not (chosen.play.is_story or before.play.is_story):
        return True
    at = before.play.answered[before.ask.id].at
    near = (chosen.play, *chosen.play.sessions)
    moments = (play.last(step) for play in near for step in chosen.ask.needs)
    return any(moment is not None and moment > at for moment in moments)


def _question(request: Request) -> Question:
    parsed = json_of(request.body)
    return Question(request.method, request.path, request.query, request.body, parsed, request.base_url)


def _alike(chosen: Candidate, found: list[Candidate]) -> list[Candidate]:
    """What the chosen ask of a session is in the sessions of other scenarios."""
    whose = chosen.play.seats[chosen.ask.role]
    sessions = whose.sessions if whose is not None else []
    if chosen.play not in sessions:
        return []
    found_in: dict[Play, list[Candidate]] = {session: [] for session in sessions}
    for each in found:
        if each.play in found_in:
            found_in[each.play].append(each)
    best = [choose(of_one) for session, of_one in found_in.items() if not session.is_one_with(chosen.play)]
    return [each for each in best if each is not None]


def _headers(
    play: Play, ask: Ask, reply: Reply, base_url: str, made: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    if reply.are_ready:
        return reply.headers

    def lookup(name: str) -> Any:
        return play.lookup(name, base_url, made, ask.role)

    return tuple((name, on_a_line(render(value, lookup))) for name, value in reply.headers)
