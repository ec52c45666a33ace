"""Requests that no step is, where another server is asked instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.cookies import pairs_in
from replay.bayeux.turn import BROWSER_COOKIE
from replay.profiles.profile import COUNTER
from replay.scenario.anew import FRESH
from replay.simulator.agents import Agent, words_of
from replay.simulator.asking import Candidate, Question
from replay.simulator.brought import HEADER
from replay.simulator.matching import hold_against
from replay.simulator.plays import Play
from replay.wire import Answer, Effect, Forward, Forwarded, Headers, Request, Setting

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

VIA = "gws-replay"
"""What this server calls itself in `Via`: a request that says so has been forwarded already."""

FAILED = 502
"""Status of the answer where the other server gives none."""


class _Pending(msgspec.Struct, frozen=True):
    """A request that has been forwarded."""

    agent: Agent
    asked: str
    missed: Answer


class Forwarding:
    """The part of a simulator that has other servers asked."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._pending: dict[int, _Pending] = {}

    @property
    def is_asking(self) -> bool:
        """Whether another server has not answered yet."""
        return bool(self._pending)

    def instead(
        self, request: Request, question: Question, agent: Agent, found: list[Candidate], missed: Answer
    ) -> Effect:
        """What is done about a request that was missed: another server is asked, if no step is like it.

        Args:
            found: What it was held against.
            missed: What the client gets otherwise.
        """
        now = missed.at
        if not _is_lacking(question, agent, found):
            return missed
        if VIA in request.headers.get("via", ""):
            return self._failed(missed, "it has been forwarded before, so the upstream leads back here", now)
        headers = {name: value for name, value in request.headers.items() if name not in {"cookie", HEADER}}
        cookies = self._foreign_cookies(request.headers.get("cookie", ""), agent)
        if cookies:
            headers["cookie"] = cookies
        forward = Forward(
            exchange=request.exchange,
            at=now,
            request=msgspec.structs.replace(request, headers=headers),
            setting=self._setting(request, agent),
        )
        self._pending[request.exchange] = _Pending(agent, f"{request.method} {request.path}", missed)
        return forward

    def forwarded(self, happening: Forwarded, now: float) -> list[Effect]:
        """The other server has answered, or has not; nothing where the client has gone."""
        pending = self._pending.pop(happening.exchange, None)
        if pending is None:
            return []
        answer = Answer(
            exchange=happening.exchange,
            at=now,
            status=happening.status,
            headers=happening.headers,
            body=happening.body,
        )
        why: dict[str, Any] = {}
        if happening.failure:
            answer = self._failed(pending.missed, happening.failure, now)
            why = {"why": happening.failure}
        self._know_cookies(pending.agent, happening.headers)
        at = self._simulator.since_start(now)
        self._simulator.journal.note(
            "answer",
            at,
            pending.agent.label,
            request=pending.asked,
            status=answer.status,
            by="upstream",
            **why,
        )
        return [answer]

    def lost(self, exchange: int) -> None:
        """Nobody waits for it any more."""
        self._pending.pop(exchange, None)

    def _failed(self, missed: Answer, why: str, now: float) -> Answer:
        body: dict[str, Any] = msgspec.json.decode(missed.body)
        body["replay"]["forward"] = why
        return msgspec.structs.replace(missed, at=now, status=FAILED, body=msgspec.json.encode(body))

    def _foreign_cookies(self, header: str, agent: Agent) -> str:
        """The cookies that others have set; with the same name, they are told apart by their values."""
        own = self._simulator.agents.cookie_names
        kept = []
        for pair in filter(str.strip, header.split(";")):
            ((name, value),) = pairs_in(pair)
            if name != BROWSER_COOKIE and not (name in own and value == agent.cookie):
                kept.append(pair.strip())
        return "; ".join(kept)

    def _know_cookies(self, agent: Agent, headers: Headers) -> None:
        """A session cookie of the other server's takes the place of ours: the client is known by it too."""
        agents = self._simulator.agents
        for cookie in (value for name, value in headers if name.lower() == "set-cookie"):
            agents.know_cookies(agent, agents.cookies_of({"cookie": cookie.partition(";")[0]}))

    def _setting(self, request: Request, agent: Agent) -> Setting:
        """The play that the request names by an id, else the agent's newest."""
        words = words_of(request.path, request.query, None)
        named = [play for play in self._simulator.agents.plays_named(words) if play in agent.plays]
        play = next(iter([*named, *reversed(agent.plays)]), None)
        if play is None:
            return Setting()
        role = play.role_of(agent)
        names: dict[str, str] = {}
        counters: dict[int, str] = {}
        for part in (play, *play.sessions[role : role + 1]):
            _name_values(part, names, counters)
        return Setting(
            place=play.timeline.place,
            role=play.timeline.roles[role],
            names=names,
            counters=counters,
            shift=play.shift,
        )


def _is_lacking(question: Question, agent: Agent, found: list[Candidate]) -> bool:
    """Whether a request is no step at all, rather than one that cannot be answered now, and no Bayeux."""
    if question.is_bayeux or any(candidate.fits for candidate in found):
        return False
    others = ((play, ask) for play in agent.plays if play.shared for ask in play.part.asks)
    return not any(hold_against(question, play, ask, 0).fits for play, ask in others)


def _name_values(play: Play, names: dict[str, str], counters: dict[int, str]) -> None:
    variables = play.timeline.scenario.variables
    for name, value in play.values.items():
        make = variables[name].make if name in variables else None
        if make == COUNTER:
            counters[value] = name
        elif make is not None and make not in FRESH:
            names[str(value)] = name
