"""Requests that are no step now: each is answered with what it was nearest to, and the latest are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.delivery import JSON_TYPE
from replay.plan.timeline import Timeline
from replay.simulator import curl
from replay.simulator.agents import Agent, words_of
from replay.simulator.asking import Candidate, Question
from replay.simulator.explaining import MISDIALLED, NO_SIGN, Closest, Explained, Explaining, Missed, Other
from replay.simulator.matching import hold_against
from replay.simulator.nearest import Near, Reading, nearest, read
from replay.simulator.plays import Play
from replay.simulator.undelivered import Losses
from replay.simulator.wording import LONGEST, cut
from replay.wire import Answer, Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

CONTROL = "/__replay"
"""Where it is steered, unless whoever serves says otherwise."""

DIFFERS = 5
"""Fields that the journal names."""

KEPT = 1000
"""Misses that are kept, the latest; older ones are only counted."""

KEPT_BYTES = 2 << 20

ANSWER_BYTES = 7 << 10
"""Of what an answer says under `replay`."""

WHY = 500
"""Characters of a sentence."""

KINDS = 100
"""Kinds of miss that are told apart where they are summed up."""


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was no step when it came."""

    number: int
    """Of its entry in the journal."""
    at: float
    """Seconds since the simulator began."""
    agent: str
    """As the journal names it; empty where nothing says whose request it was."""
    request: str
    """Method and path."""
    why: str
    """A sentence that begins with what to change."""
    closest: Closest | None = None
    """The step it nearly was; None where to name one would mislead."""
    also: list[Other] = []
    waiting_for: list[str] = []
    command: str = ""
    """What to run so that it is accepted, or what has to come before."""


class Misses:
    """The part of a simulator that explains what it does not answer."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.control = CONTROL
        """Where the simulator is steered: a path on the host that a client dialled, or a URL."""
        self.control_sign = ""
        """What a command says there of who calls, as a shell takes it: no secret, but the name of one."""
        self.losses = Losses()
        self._kept: deque[tuple[int, Miss]] = deque()
        self._bytes = 0
        self.total = 0
        """How many there were."""
        self._kinds: dict[tuple[str, ...], tuple[int, Miss]] = {}
        """By what they have in common: how many, and the first of them."""

    def __iter__(self) -> Iterator[Miss]:
        return (miss for _, miss in self._kept)

    def answer(
        self, request: Request, question: Question, agent: Agent | None, found: list[Candidate], now: float
    ) -> Answer:
        """The answer to a request that is no step: the API's own, and what explains it."""
        profile = self._simulator.timelines[0].profile
        if agent is not None:
            agent.misses += 1
        explained = self._explained(request, question, agent, found, now)
        self.note(
            f"{request.method} {request.path}", explained, agent.label if agent is not None else "", now
        )
        status, body = profile.not_found(explained.why)
        body["replay"] = explained
        encoded = msgspec.json.encode(body)
        return Answer(exchange=request.exchange, at=now, status=status, headers=(JSON_TYPE,), body=encoded)

    def note(self, request: str, explained: Explained, agent: str, now: float) -> None:
        """One more miss, for the journal and for those who ask.

        Args:
            request: Method and path.
            agent: As the journal names it.
        """
        simulator = self._simulator
        asked = cut(request, WHY)
        nearest_step = explained.closest
        at = simulator.since_start(now)
        detail: dict[str, Any] = {"request": asked, "why": explained.why}
        if nearest_step is not None and nearest_step.differences:
            detail["differs"] = [each.field for each in nearest_step.differences[:DIFFERS]]
        step = nearest_step.step if nearest_step is not None else ""
        simulator.journal.add("miss", at, agent, "", step, 0.0, detail)
        self.total += 1
        miss = Miss(
            number=simulator.journal.total,
            at=round(at, 6),
            agent=agent,
            request=asked,
            why=explained.why,
            closest=explained.closest,
            also=explained.also,
            waiting_for=explained.waiting_for,
            command=explained.command,
        )
        size = len(msgspec.json.encode(miss))
        self._kept.append((size, miss))
        self._bytes += size
        while len(self._kept) > KEPT or self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.popleft()[0]
        self._sum_up(miss)

    def summed_up(self, most: int) -> list[str]:
        """The first kinds of miss, a line each: how often, the first request, and why."""
        first = list(self._kinds.values())[:most]
        lines = [
            f"{miss.request}: {miss.why}" if count == 1 else f"{count:,} times, {miss.request}: {miss.why}"
            for count, miss in first
        ]
        beside = self.total - sum(count for count, _ in first)
        return [*lines, f"and {beside:,} more"] if beside else lines

    def forget(self) -> None:
        """None has been."""
        self._kept.clear()
        self._kinds.clear()
        self._bytes = self.total = 0
        self.losses = Losses()

    def _sum_up(self, miss: Miss) -> None:
        closest = miss.closest
        kind = (
            (closest.scenario, closest.step, closest.state, *(each.field for each in closest.differences))
            if closest is not None
            else (miss.request,)
        )
        count, first = self._kinds.get(kind, (0, miss))
        if count or len(self._kinds) < KINDS:
            self._kinds[kind] = count + 1, first

    def _explained(
        self, request: Request, question: Question, agent: Agent | None, found: list[Candidate], now: float
    ) -> Explained:
        if question.is_bayeux:
            mount = next(iter(self._simulator.mounts))
            return Explained(why=f"{MISDIALLED}{mount}, not at {cut(question.path, LONGEST)}")
        if agent is None:
            return Explained(why=NO_SIGN)
        reading = read(question, self._simulator.timelines[0].profile.operation_field)
        control = curl.Control(self.control, self.control_sign)
        explaining = Explaining(self._simulator, control, Missed(request, question, reading, now))
        waiting = [cut(each, 2 * LONGEST) for each in explaining.waiting_for(agent)]
        gone = self._simulator.agents.gone(words_of(question.path, question.query, question.json))
        if gone is not None and not any(each.fits for each in found):
            why, command = explaining.gone(gone, agent)
            return _bounded(Explained(why=cut(why, WHY), waiting_for=waiting, command=command))
        ranked = self._ranked(question, agent, found, reading)
        if not ranked or not ranked[0].is_near:
            why = cut(explaining.none(waiting), WHY)
            return _bounded(Explained(why=why, also=list(map(_other, ranked[:3])), waiting_for=waiting))
        why, closest, command = explaining.closest(ranked[0], agent)
        return _bounded(
            Explained(
                why=cut(why, WHY),
                closest=closest,
                also=list(map(_other, ranked[1:3])),
                waiting_for=waiting,
                command=command,
            )
        )

    def _ranked(
        self, question: Question, agent: Agent, found: list[Candidate], reading: Reading
    ) -> list[Near]:
        """What is near of the agent's own; before that, what it is of another role; else what others have."""
        own = nearest(question, found, reading)
        if own and own[0].candidate.fits:
            return own
        others = self.of_other_roles(question, agent)
        fitting = nearest(question, [each for each in others if each.fits], reading)
        if fitting:
            return [*fitting[:1], *own]
        if own and own[0].is_near:
            return own
        elsewhere = nearest(question, [*others, *self._unplayed(question, agent)], reading)
        return elsewhere if elsewhere and elsewhere[0].is_near else own

    def of_other_roles(self, question: Question, agent: Agent) -> list[Candidate]:
        """What the others may ask in the plays that an agent shares, held against a request."""
        return [
            hold_against(question, play, ask, 1)
            for play in reversed(agent.plays)
            if play.shared
            for ask in play.part.asks
            if ask not in play.asks_for(agent)
        ]

    def _unplayed(self, question: Question, agent: Agent) -> Iterator[Candidate]:
        """Asks of scenarios that the agent has no play of."""
        played = {play.timeline.name for play in agent.plays}
        for timeline in self._simulator.timelines:
            if timeline.name not in played:
                play = _imagined(timeline)
                for ask in play.part.asks:
                    yield hold_against(question, play, ask, 1)


def _imagined(timeline: Timeline) -> Play:
    """A play that nobody plays, only to hold requests against."""
    return Play(timeline, timeline.story, ordinal=0, key=())


def _other(near: Near) -> Other:
    play = near.candidate.play
    return Other(
        scenario=play.timeline.name,
        play=play.label if play.ordinal else "",
        step=near.candidate.ask.id,
        state=near.state,
        differs=[cut(each.field, LONGEST) for each in near.candidate.differences[:10]],
    )


def _bounded(explained: Explained) -> Explained:
    """The same with fewer differences where it is too much to say."""
    closest = explained.closest
    while closest is not None and len(msgspec.json.encode(explained)) > ANSWER_BYTES:
        if not closest.differences:
            return msgspec.structs.replace(explained, command="", also=[], waiting_for=[])
        kept = closest.differences[: len(closest.differences) // 2]
        more = closest.more + len(closest.differences) - len(kept)
        closest = msgspec.structs.replace(closest, differences=kept, more=more)
        explained = msgspec.structs.replace(explained, closest=closest)
    return explained
