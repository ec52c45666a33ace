"""REST requests: who asks, which step it is, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.timeline import Ask, Moment, Reply
from replay.plan.values import render
from replay.simulator.agents import Agent, words_of
from replay.simulator.draws import token
from replay.simulator.matching import Candidate, Question, candidates, choose, closest
from replay.simulator.plays import Answered, Mark, Play
from replay.wire import Answer, Effect, Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

RETRY = 2.0
"""Seconds within which the same request again is a client that tries again, and gets the same answer."""

JSON_TYPE = ("Content-Type", "application/json;charset=UTF-8")


class Rest:
    """The REST half of a simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def receive(self, request: Request, now: float) -> list[Effect]:
        """Answers one request, now or later."""
        question = _question(request)
        words = words_of(question.path, question.query, question.json)
        agent, fresh = self._agent(request, words, now)
        if agent is None:
            sentence = "several agents are here and the request does not say whose it is"
            return [self._miss(request, question, None, [], sentence, now)]
        found = candidates(question, self._plays(agent, words))
        chosen = choose(found)
        if chosen is not None:
            return [self._answer(request, question, chosen, found, fresh, now)]
        again = self._again(question, found, now)
        if again is not None:
            play, ask, answered = again
            self._note("retry", play, ask, now)
            at = max(now, answered.due)
            headers, body = answered.headers, answered.body
            return [Answer(exchange=request.exchange, at=at, status=answered.status, headers=headers, body=body)]
        return [self._miss(request, question, agent, found, "", now)]

    def _agent(self, request: Request, words: list[str], now: float) -> tuple[Agent | None, tuple[str, ...]]:
        """Who asks, and the cookies to be set so that it is known next time."""
        simulator = self._simulator
        agents = simulator.agents
        agent = agents.find(request.headers, words)
        if agent is None and "authorization" not in request.headers:
            agent = agents.only()
            if agent is None and agents.all:
                return None, ()
        if agent is None:
            agent = simulator.new_agent(request.headers, now)
        carried = agents.cookies_of(request.headers)
        agents.know_cookies(agent, carried)
        if carried:
            return agent, ()
        if not agent.cookie:
            agent.cookie = token(simulator.options.seed, "session", agent.key)
            agents.know_cookies(agent, [agent.cookie])
        name = simulator.timelines[0].profile.session_cookie
        return agent, (f"{name}={agent.cookie}; Path=/; HttpOnly",)

    def _plays(self, agent: Agent, words: list[str]) -> list[Play]:
        """Where to look for the step, in this order."""
        named = self._simulator.agents.plays_named(words)
        if named and named[0] not in agent.plays:
            agent = named[0].agent
        others = [play for play in reversed(agent.plays) if play not in named]
        return [*named, *others, *agent.sessions]

    def _answer(
        self,
        request: Request,
        question: Question,
        chosen: Candidate,
        found: list[Candidate],
        cookies: tuple[str, ...],
        now: float,
    ) -> Answer:
        play, ask = chosen.play, chosen.ask
        reply = play.reply_for(ask)
        assert reply is not None
        play.counts[ask.id] += 1
        play.capture(ask, chosen.captures)
        self._note("request", play, ask, now)
        self._happened(chosen, found, reply, now)
        due = self._simulator.options.pace.after(now, reply.after)
        body = self._body(play, reply, question.base_url)
        headers = reply.headers
        answered = Answered(
            at=now, fingerprint=question.fingerprint, status=reply.status, headers=headers, body=body, due=due
        )
        play.answered[ask.id] = answered
        self._note("answer", play, ask, due, status=reply.status)
        headers += tuple(("Set-Cookie", cookie) for cookie in cookies)
        return Answer(exchange=request.exchange, at=due, status=reply.status, headers=headers, body=body)

    def _happened(self, chosen: Candidate, found: list[Candidate], reply: Reply, now: float) -> None:
        """The step took place, in every session that has it: a login counts for all scenarios served."""
        simulator = self._simulator
        sessions = chosen.play.agent.sessions
        if chosen.play in sessions:
            twins = [each for each in found if each.fits and each.play in sessions]
        else:
            twins = [chosen]
        for each in twins:
            simulator.happened(each.play, Moment(each.ask.id), Mark(now, now))
            answered = Moment(each.ask.id, response=True)
            at = simulator.options.pace.after(now, reply.after)
            simulator.happens_later(each.play, answered, Mark(at, now + reply.after))

    def _again(
        self, question: Question, found: list[Candidate], now: float
    ) -> tuple[Play, Ask, Answered] | None:
        """The answer given just before to this same request, if the client tries again."""
        for candidate in found:
            answered = candidate.play.answered.get(candidate.ask.id)
            if answered is None or not candidate.fits or now - answered.at > RETRY:
                continue
            if answered.fingerprint == question.fingerprint:
                return candidate.play, candidate.ask, answered
        return None

    def _body(self, play: Play, reply: Reply, base_url: str) -> bytes:
        if reply.body is not msgspec.UNSET:
            return msgspec.json.encode(self._simulator.render(play, reply.body, base_url))
        if isinstance(reply.raw, bytes):
            return reply.raw
        text = render(reply.raw, lambda name: play.lookup(name, base_url))
        return str(text).encode()

    def _miss(
        self,
        request: Request,
        question: Question,
        agent: Agent | None,
        found: list[Candidate],
        sentence: str,
        now: float,
    ) -> Answer:
        nearest = closest(found)
        sentence = sentence or _why(question, nearest)
        label = agent.label if agent is not None else ""
        simulator = self._simulator
        asked = f"{question.method} {question.path}"
        simulator.journal.note("miss", simulator.since_start(now), label, request=asked, why=sentence)
        status, body = simulator.timelines[0].profile.not_found(sentence)
        body["replay"] = {"why": sentence, "closest": _described(nearest)}
        encoded = msgspec.json.encode(body)
        return Answer(exchange=request.exchange, at=now, status=status, headers=(JSON_TYPE,), body=encoded)

    def _note(self, kind: Any, play: Play, ask: Ask, at: float, **detail: Any) -> None:
        simulator = self._simulator
        since = simulator.since_start(at)
        simulator.journal.note(kind, since, play.agent.label, play=play.label, step=ask.id, **detail)


def _question(request: Request) -> Question:
    try:
        parsed = msgspec.json.decode(request.body) if request.body.strip() else msgspec.UNSET
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parsed = msgspec.UNSET
    return Question(
        method=request.method,
        path=request.path,
        query=request.query,
        body=request.body,
        json=parsed,
        base_url=request.base_url,
    )


def _why(question: Question, nearest: Candidate | None) -> str:
    asked = f"{question.method} {question.path}"
    if nearest is None:
        return f"no scenario has a request that {asked} could be"
    step = nearest.ask.id
    if nearest.differences:
        fields = ", ".join(difference.field for difference in nearest.differences)
        return f"no step is {asked}; '{step}' comes closest but differs in {fields}"
    if nearest.unmet:
        return f"'{step}' is not reached yet: it needs {' and '.join(nearest.unmet)}"
    return f"'{step}' was already answered"


def _described(nearest: Candidate | None) -> Any:
    if nearest is None:
        return None
    return {
        "play": nearest.play.label,
        "step": nearest.ask.id,
        "differences": nearest.differences,
        "needs": nearest.unmet,
        "answered": nearest.play.counts[nearest.ask.id],
    }


