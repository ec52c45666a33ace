"""What is on its way in each play: one look at the agenda serves all who are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from replay.plan.timeline import Ask, Cue
from replay.simulator.agents import Agent
from replay.simulator.happenings import Due, Reached
from replay.simulator.plays import Play
from replay.simulator.telling import Told

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Pending:
    """Events and answers under way, as they are now."""

    def __init__(self, simulator: Simulator) -> None:
        self.dues: dict[Play, list[Due]] = defaultdict(list)
        """Set off and not due yet, in no order."""
        self.answers: dict[Play, list[Reached]] = defaultdict(list)
        """Answers that requests will get."""
        self.moments: dict[Play, list[Reached]] = defaultdict(list)
        """These, and those of other plays that stand for an answer of the play's own."""
        self._told: dict[Play, list[tuple[float, Told]]] = defaultdict(list)
        self._held: dict[Agent, dict[Play, list[Told]]] = {}
        for at, item in simulator.agenda:
            match item:
                case Due():
                    self.dues[item.play].append(item)
                case Reached():
                    self.moments[item.play].append(item)
                    if item.answer is not None:
                        self.answers[item.play].append(item)
                case Told():
                    self._told[item.due.play].append((at, item))
                case _:
                    pass

    def put_off(self, play: Play) -> list[tuple[float | None, Told]]:
        """Events that are due and come later, as rules have it; with when, where that is known."""
        coming = self._told.get(play, ())
        overtaken = {
            id(each.told): each.told
            for seat in play.seats
            if seat is not None
            for each in seat.overtaken
            if each.told.due.play is play
        }
        # One that others were to overtake stands on the agenda too, also once they have.
        found: list[tuple[float | None, Told]] = [
            (at, told) for at, told in coming if not told.telling.overtaken_by or id(told) in overtaken
        ]
        known = {id(told) for _, told in found}
        return found + [(None, told) for key, told in overtaken.items() if key not in known]

    def held(self, play: Play) -> list[tuple[Agent, Told]]:
        """Events of a play that wait for a subscription, with whose they are."""
        return [
            (agent, told) for agent in play.seats if agent is not None for told in self._held_of(agent, play)
        ]

    def _held_of(self, agent: Agent, play: Play) -> list[Told]:
        if agent not in self._held:
            found: dict[Play, list[Told]] = defaultdict(list)
            for told in agent.held:
                found[told.due.play].append(told)
            self._held[agent] = found
        return self._held[agent].get(play, [])

    def times_told(self, play: Play) -> dict[str, int]:
        """How often each event has taken place: was due, and waits for nobody."""
        late = [*self.dues.get(play, ()), *play.waiting]
        late += {id(told.due): told.due for _, told in (*self.put_off(play), *self.held(play))}.values()
        times = {cue.id: play.times_set_off(cue) + play.steered[cue.id] for cue in play.part.cues}
        for due in late:
            times[due.cue.id] -= 1
        return times

    def is_quiet(self, play: Play) -> bool:
        """Whether nothing is on its way in a play."""
        if self.dues.get(play) or self.moments.get(play) or play.waiting:
            return False
        return not self.put_off(play) and not self.held(play)

    def is_over(self, play: Play) -> bool:
        """Whether nothing more can come in a play but what may be asked again."""
        return self._is_still(play) and not any(is_open(play, ask) for ask in play.part.asks)

    def is_done_with(self, play: Play) -> bool:
        """Whether a play is over, or nothing is left but answers to be had at any time."""
        asks = (ask for ask in play.part.asks if not _is_read(play, ask))
        return self._is_still(play) and not any(is_open(play, ask) for ask in asks)

    def _is_still(self, play: Play) -> bool:
        """Whether no event or answer is on its way, or left to be set off."""
        if self.dues.get(play) or self.answers.get(play) or play.waiting:
            return False
        if any(may_come(play, cue) for cue in play.part.cues):
            return False
        return not self.put_off(play) and not self.held(play)


def may_come(play: Play, cue: Cue) -> bool:
    """Whether an event has never been set off, and neither it nor what it waits for has ended."""
    if play.times_set_off(cue):
        return False
    until = play.part.until
    waits = [each.step for each in cue.trigger.moments if not play.has_come(each)] if until else []
    return not any(play.ended_by(until.get(step, ())) for step in (cue.id, *waits))


def open_asks(play: Play, asks: Iterable[Ask]) -> list[Ask]:
    """Those of these that have an answer that nobody has had, most likely the next one first.

    What stands before the latest that was answered has been passed by: who has accepted will not reject.
    """
    known = list(asks)
    answered = [(play.last(ask.id) or 0.0, at) for at, ask in enumerate(known) if play.counts[ask.id]]
    latest = max(answered, default=(0.0, 0))[1]
    return [ask for ask in (*known[latest:], *known[:latest]) if is_open(play, ask)]


def _is_read(play: Play, ask: Ask) -> bool:
    """Whether an ask is answered however often, and nothing else comes of it."""
    return ask.repeat != "once" and not play.part.cues_on.keys() & {ask.asked, ask.replied}


def is_open(play: Play, ask: Ask) -> bool:
    """Whether an ask has an answer that nobody has had: one that repeats has none once it was given."""
    count = play.counts[ask.id]
    if ask.until and play.ended_by(ask.until):
        return False
    return not count or (ask.repeat == "once" and count < len(ask.replies))
