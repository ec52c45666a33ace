"""Which steps a request can be: asks are found by what they say, plays by what was made for them.

An ask with a value in it that is made for each play, as the id of a chat in its path, is looked for where
that value leads; any other by what stands in it as it is, once for all scenarios and all their plays. So what
an agent has beside that costs a request nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from replay.plan.index import AskIndex, is_ignored
from replay.plan.timeline import Ask, Part
from replay.plan.values import Text, as_text
from replay.scenario.templates import Reference
from replay.simulator.asking import Candidate, Question
from replay.simulator.matching import candidates, hold_against
from replay.simulator.plays import Play
from replay.simulator.shortlist import MOST, Kind, Shapes, kinds_of, shortlist

if TYPE_CHECKING:
    from replay.plan.timeline import Timeline
    from replay.simulator.agents import Agent
    from replay.simulator.simulator import Simulator

Placed = tuple[int, Ask]
"""An ask, and where it stands in its part."""
_Row = tuple[int, int, int, Play, Ask]
"""How far from what the request names, which play in turn, and which ask of it."""


class _Asks:
    """The asks of one part."""

    def __init__(self, part: Part) -> None:
        self.part = part
        """Kept, so that no other has its identity."""
        self.by_name: dict[str, AskIndex[Placed]] = {}
        """By the variable that leads to them."""
        self.is_open = False
        """Whether it has any that none leads to."""
        self._all: AskIndex[Placed] | None = None
        self._kinds: dict[int | None, list[Kind]] = {}

    def kinds(self, timeline: Timeline, role: int | None, shapes: Shapes) -> list[Kind]:
        """The asks of a role, or all, by kind; made once a request is no step."""
        if role not in self._kinds:
            asks = self.part.asks if role is None else self.part.asks_of[role]
            self._kinds[role] = kinds_of(asks, timeline.profile.operation_field, shapes)
        return self._kinds[role]

    def all(self, ignored: frozenset[str]) -> AskIndex[Placed]:
        """Whatever leads to them: who names another's play is rare."""
        if self._all is None:
            self._all = AskIndex()
            for place, ask in enumerate(self.part.asks):
                self._all.add(ask, ignored, (place, ask))
        return self._all


class Finding:
    """The part of a simulator that finds the steps that a request can be."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._parts: dict[int, _Asks] = {}
        self._open: AskIndex[tuple[int, int, Ask]] = AskIndex()
        """Asks that no value leads to, each with its part."""
        self._shapes: Shapes = {}

    def learn(self, timeline: Timeline) -> None:
        """A scenario is served from now on."""
        for part in (timeline.story, *timeline.sessions):
            # Several may have the same session.
            if id(part) not in self._parts:
                self._parts[id(part)] = self._indexed(timeline, part)

    def seat(self, agent: Agent, play: Play) -> None:
        """An agent has got a play, or a session."""
        asks, reach = self._asks(play), agent.reach
        reach.add(play)
        if asks.is_open:
            reach.by_part.setdefault(id(play.part), []).append(play)
        for name in asks.by_name:
            value = _sign(play, name, play.role_of(agent))
            if value:
                reach.by_value.setdefault(value, []).append((play, name))
            else:
                reach.unsigned.append((play, name))

    def unseat(self, agent: Agent, play: Play) -> None:
        """An agent has a play no more."""
        values = (value for each in (play, *play.sessions) for value in each.values.values())
        agent.reach.remove(play, {as_text(value) for value in values if isinstance(value, str | int)})

    def renewed(self) -> None:
        """Scenarios have changed: parts that nobody plays are forgotten."""
        reaches = [agent.reach for agent in self._simulator.agents.all]
        played = {id(play.part): play for reach in reaches for play in reach.turns}
        self._parts, self._open, self._shapes = {}, AskIndex(), {}
        for timeline in self._simulator.timelines:
            self.learn(timeline)
        for play in played.values():
            self._asks(play)

    def near(self, question: Question, agent: Agent, words: Iterable[str], operation: str) -> list[Candidate]:
        """What a request is held against that is no step: all, or of very many what it may be meant for.

        Args:
            words: As in `fitting`.
            operation: What its body says that it does; empty if it does not.
        """
        groups = self._plays(agent, words)
        plays = [(rank, play) for rank, group in enumerate(groups) for play in group]
        if sum(len(play.part.asks) for _, play in plays) <= MOST:
            return candidates(question, agent, *groups)
        found = [each for each in self.fitting(question, agent, words) if each.fits][:MOST]
        held = {(id(each.play), each.ask.id) for each in found}
        among = (
            (rank, play, self._asks(play).kinds(play.timeline, _role(play, agent), self._shapes))
            for rank, play in plays
        )
        listed = shortlist(question, words, operation, among)
        others = [each for each in listed if (id(each[1]), each[2].id) not in held]
        return [*found, *(hold_against(question, play, ask, rank) for rank, play, ask in others)]

    def _plays(self, agent: Agent, words: Iterable[str]) -> tuple[list[Play], list[Play], list[Play]]:
        """Own plays that a request names, other own ones, and those of others that it names."""
        named = dict.fromkeys(self._simulator.agents.plays_named(words))
        own = [play for play in named if agent in play.seats]
        others = [play for play in (*reversed(agent.plays), *agent.sessions) if play not in named]
        return own, others, [play for play in named if agent not in play.seats and not play.shared]

    def fitting(self, question: Question, agent: Agent, words: Iterable[str]) -> list[Candidate]:
        """What an agent may ask that a request can be, held against it; whatever fits is among these.

        Own plays that the request names come first, then other own ones, then those of others that it names.

        Args:
            words: All that could be an id in the request.
        """
        named = self._simulator.agents.plays_named(words)
        rows = self._own(question, agent, words, named)
        if named:
            rows += self._foreign(question, agent, named)
        if len(rows) > 1:
            rows.sort(key=lambda row: row[:3])
        return [hold_against(question, play, ask, rank) for rank, _, _, play, ask in rows]

    def _own(self, question: Question, agent: Agent, words: Iterable[str], named: list[Play]) -> list[_Row]:
        reach = agent.reach
        rows = [
            row
            for part, place, ask in self._open.find(question)
            for play in reach.by_part.get(part, ())
            if (row := _row(agent, play, named, place, ask)) is not None
        ]
        led = reach.unsigned
        if reach.by_value:
            led = [each for word in dict.fromkeys(words) for each in reach.by_value.get(word, ())] + led
        for play, name in led:
            for place, ask in self._asks(play).by_name[name].find(question):
                row = _row(agent, play, named, place, ask)
                if row is not None:
                    rows.append(row)
        return rows

    def _foreign(self, question: Question, agent: Agent, named: list[Play]) -> Iterator[_Row]:
        """Of plays of others that the request names."""
        for turn, play in enumerate(named):
            if agent not in play.seats and not play.shared:
                for place, ask in self._asks(play).all(play.timeline.ignored).find(question):
                    yield 2, turn, place, play, ask

    def _asks(self, play: Play) -> _Asks:
        found = self._parts.get(id(play.part))
        if found is None:
            found = self._parts[id(play.part)] = self._indexed(play.timeline, play.part)
        return found

    def _indexed(self, timeline: Timeline, part: Part) -> _Asks:
        asks, ignored = _Asks(part), timeline.ignored
        given = self._simulator.options.values
        made = {
            name
            for name, variable in timeline.scenario.variables.items()
            if variable.make is not None or name in given
        }
        for place, ask in enumerate(part.asks):
            # What is made for each play leads to one, what is made for a session to many.
            names = _leading(ask, ignored) & made if made and ask.names else ()
            if names:
                name = min(names, key=lambda name: (name not in part.variables, name))
                asks.by_name.setdefault(name, AskIndex()).add(ask, ignored, (place, ask))
            else:
                asks.is_open = True
                self._open.add(ask, ignored, (id(part), place, ask))
        return asks


def _role(play: Play, agent: Agent) -> int | None:
    """Whose asks alone count; None where all do."""
    return play.role_of(agent) if play.shared else None


def _row(agent: Agent, play: Play, named: list[Play], place: int, ask: Ask) -> _Row | None:
    if play.shared and ask.role != play.role_of(agent):
        return None
    if named and play in named:
        return 0, named.index(play), place, play, ask
    reach = agent.reach
    if play.is_story:
        return 1, -reach.turns[play], place, play, ask
    if reach.sessions is None:
        reach.sessions = {session: turn for turn, session in enumerate(agent.sessions, 1)}
    return 1, reach.sessions[play], place, play, ask


def _leading(ask: Ask, ignored: frozenset[str]) -> set[str]:
    """Names whose value has to stand in a request by itself: a segment of the path, a field of the body."""
    found = set()
    if not is_ignored("path", ignored):
        parts = ("/", *ask.path.parts, "/")
        for before, part, after in zip(parts, parts[1:], parts[2:], strict=False):
            if isinstance(part, Reference) and _ends_with_slash(before) and _begins_with_slash(after):
                found.add(part.name)
    if isinstance(ask.body, dict):
        for key, value in ask.body.items():
            whole = value.whole if isinstance(value, Text) else None
            if whole and isinstance(key, str) and not is_ignored(f"body.{key}", ignored):
                found.add(whole)
    return found


def _ends_with_slash(part: str | Reference) -> bool:
    return isinstance(part, str) and part.endswith("/")


def _begins_with_slash(part: str | Reference) -> bool:
    return isinstance(part, str) and part.startswith("/")


def _sign(play: Play, name: str, role: int) -> str:
    """What a variable is for as long as a play lasts, as a word of a request; empty if it is none."""
    value = play.lasting(name, role)
    if value is msgspec.UNSET or isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = as_text(value)
    return "" if "/" in text else text
