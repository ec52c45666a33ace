"""Expectations held against the plays: whether each is met and, if not, why, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from replay.plan.timeline import Ask, Cue
from replay.scenario.expectations import bounds, in_misses, in_times, often, words
from replay.scenario.model import Expected
from replay.simulator.ahead import ahead_of, seconds
from replay.simulator.following import tellers
from replay.simulator.forgotten import Times
from replay.simulator.pending import Pending
from replay.simulator.progress import Progress
from replay.simulator.wording import cut

if TYPE_CHECKING:
    from replay.plan.timeline import Part
    from replay.simulator.agents import Agent
    from replay.simulator.happenings import Due
    from replay.simulator.plays import Play
    from replay.simulator.simulator import Simulator

_LONGEST = 60
"""Characters of a name in a sentence; clients make up their users."""
_TIMES = 5
"""Times at which a step took place that are named."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is expected, and by whom."""

    wanted: Expected
    scenario: str = ""
    """Whose step it is; of any scenario that has it when empty."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation, and whether it is met now."""

    expected: str
    """In a few words: `accept once`."""
    met: bool
    why: str = ""
    """What is wrong, in a sentence; empty where it is met."""


class Judging:
    """One look at what has happened, which serves all expectations."""

    def __init__(self, simulator: Simulator, now: float) -> None:
        self._simulator = simulator
        self._now = now
        self._pending = Pending(simulator)
        self._parts: dict[int, dict[str, Ask | Cue]] = {}

    def judge(self, one: Expectation) -> Judged:
        """Whether an expectation is met."""
        why = self._step(one) if one.wanted.step else self._misses(one.wanted)
        return Judged(expected=words(one.wanted), met=not why, why=why)

    def not_over(self, agent: str) -> Iterator[str]:
        """Plays that are not over, each with what it waits for; that there is none at all, too."""
        stories = [play for play in self._stories() if _sits(play, agent)]
        if not stories:
            yield "nobody has come to play" if not agent else f"{cut(agent, _LONGEST)} has not come to play"
        for play in stories:
            if not self._pending.is_over(play):
                yield f"not over is {self.waits_for(play)}"

    def unfinished(self) -> list[Play]:
        """Plays that are not over, in order of appearance."""
        return [play for play in self._stories() if not self._pending.is_over(play)]

    def plays_anybody(self) -> bool:
        """Whether anybody has got a play."""
        return next(self._stories(), None) is not None

    def waits_for(self, play: Play) -> str:
        """A play, whose it is, and what it waits for."""
        following = next(self.progress(play).next(), None)
        if following is None:
            return self._name(play)
        return f"{self._name(play)}: {following.step} {_standing(following.why)}"

    def lacking(self, one: Expectation) -> Play | None:
        """The first play in which a step has not taken place often enough."""
        least = bounds(one.wanted)[0]
        return next((play for play, _, count in self.counted(one) if count < least), None)

    def counted(self, one: Expectation) -> Iterator[tuple[Play, Ask | Cue, int]]:
        """Plays that have a step, in order of appearance, each with how often it has taken place there."""
        return ((play, item, self._times(play, item)) for play, item in self._places(one))

    def forgotten(self, one: Expectation) -> Iterator[tuple[Times, int]]:
        """How often a step took place in plays that have gone, each time with the number of these."""
        wanted, timelines = one.wanted, self._simulator.timelines
        for agent in self._simulator.agents.all:
            for times, plays in agent.forgotten.times.items():
                if times.step != wanted.step or one.scenario not in {"", timelines[times.place].name}:
                    continue
                if not wanted.agent or times.role == wanted.agent or _is_called(agent, wanted.agent):
                    yield times, plays

    def why_not(self, one: Expectation) -> str:
        """Why a step does not come, in the newest play that has it; empty where nothing is known."""
        places = list(self._places(one))
        if not places:
            return self._nobody(one)
        play, item = places[-1]
        why = self._why(play, item)
        if not self._simulator.options.is_moved_by_hand:
            return why
        ahead = ahead_of(self._simulator, play, item.id, self._now)
        step, due_in = ahead.step, ahead.due_in
        if due_in is None:
            step = item.id
            due_in = next((each.due_in for each in self.progress(play).next() if each.step == step), None)
        if due_in is None:
            return why
        return f"the clock stands still, and '{step}' comes when it is moved by {seconds(due_in)}"

    # Steps

    def _step(self, one: Expectation) -> str:
        """What is wrong; empty where it is met."""
        wanted = one.wanted
        least, most = bounds(wanted)
        counted = list(self.counted(one))
        if not counted:
            return f"{_was_expected(wanted)}, and {self._nobody(one)}" if least else ""
        wrong = [each for each in counted if each[2] < least or (most is not None and each[2] > most)]
        gone = {
            times: plays
            for times, plays in self.forgotten(one)
            if times.count < least or (most is not None and times.count > most)
        }
        if gone and not wrong:
            count, more = next(iter(gone)).count, _so_in(sum(gone.values()) - 1)
            said = f"took place {in_times(count)}" if count else "did not take place"
            return f"{_was_expected(wanted, exactly=True)} and {said} in a play that was forgotten{more}"
        if not wrong:
            return self._order(wanted, [play for play, _, _ in counted]) if wanted.after else ""
        play, item, count = wrong[0]
        where, more = self._where(play, len(counted)), _so_in(len(wrong) - 1 + sum(gone.values()))
        if most is not None and count > most:
            said = f"took place {in_times(count)}{where}{self._when(play, item)}"
            return f"{_was_expected(wanted, exactly=True)} and {said}{more}"
        so_far = f"took place {in_times(count)} only{where}" if count else f"has not {_come(item)}{where}"
        why = self._why(play, item)
        return f"{_was_expected(wanted)}, and {so_far}{f': {why}' if why else ''}{more}"

    def _order(self, wanted: Expected, plays: list[Play]) -> str:
        """What is wrong with what followed what."""
        following = self._simulator.expecting.following
        found = [(play, broken) for play in plays if (broken := following.broken(play, wanted)) is not None]
        if not found:
            return ""
        play, broken = found[0]
        where, more = self._where(play, len(plays)), _so_in(len(found) - 1)
        within = f" within {wanted.within}" if wanted.within else ""
        return f"{wanted.step} was expected{within} after {wanted.after}, and {broken.words}{where}{more}"

    def _where(self, play: Play, plays: int) -> str:
        return f" in {self._name(play)}" if plays > 1 else ""

    def _nobody(self, one: Expectation) -> str:
        if one.wanted.agent:
            return f"{cut(one.wanted.agent, _LONGEST)} has not come to play"
        return f"nobody has come to play{f' {one.scenario}' if one.scenario else ''}"

    def _places(self, one: Expectation) -> Iterator[tuple[Play, Ask | Cue]]:
        """Plays that have the step, in order of appearance."""
        wanted = one.wanted
        for play in self._plays():
            if one.scenario and one.scenario not in tellers(self._simulator, play):
                continue
            item = self._items(play.part).get(wanted.step)
            if item is not None and (not wanted.agent or _is_of(play, item, wanted.agent)):
                yield play, item

    def _plays(self) -> Iterator[Play]:
        """Sessions and stories, those of several agents once."""
        seen: set[int] = set()
        for agent in self._simulator.agents.all:
            for play in (*agent.sessions, *agent.plays):
                if not play.shared:
                    yield play
                elif id(play) not in seen:
                    seen.add(id(play))
                    yield play

    def _stories(self) -> Iterator[Play]:
        return (play for play in self._plays() if play.part is play.timeline.story)

    def _items(self, part: Part) -> dict[str, Ask | Cue]:
        known = self._parts.get(id(part))
        if known is None:
            every: tuple[Ask | Cue, ...] = (*part.asks, *part.cues)
            known = self._parts[id(part)] = {each.id: each for each in every}
        return known

    def _times(self, play: Play, item: Ask | Cue) -> int:
        """How often a step has taken place."""
        pending, step = self._pending, item.id
        if isinstance(item, Ask):
            coming = pending.moments.get(play, ())
            return play.counts[step] - sum(each.moment.step == step for each in coming)
        late: list[Due] = [*pending.dues.get(play, ()), *play.waiting]
        late += (told.due for _, told in (*pending.put_off(play), *pending.held(play)))
        told = play.times_set_off(item) + play.steered[step] + play.beside[step]
        return told - sum(due.cue.id == step for due in late)

    def _when(self, play: Play, item: Ask | Cue) -> str:
        """`(kim at 0.3 s and 0.5 s)`, as far as the journal still has it."""
        kind = "answer" if isinstance(item, Ask) else "event"
        label = play.label_of(item.role)
        wanted = kind, item.id, label, play.label
        entries = self._simulator.journal
        found = [
            f"{entry.at:g} s"
            for entry in entries
            if (entry.kind, entry.step, entry.agent, entry.play) == wanted
        ]
        if not found:
            return ""
        named = found if len(found) <= _TIMES else [*found[:_TIMES], f"{len(found) - _TIMES} times later"]
        times = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        return f" ({cut(label, _LONGEST)} at {times})"

    def _why(self, play: Play, item: Ask | Cue) -> str:
        """What it waits for, or what a rule did to it, if anything is known."""
        why = next((each.why for each in self.progress(play).next() if each.step == item.id), "")
        if not why:
            harm = play.harm_to(item.id)
            return harm.words() if harm is not None else ""
        return f"it {why}" if why.startswith("waits") else f"it is {why}" if why.startswith("held") else why

    def progress(self, play: Play) -> Progress:
        """A play, as one who takes part in it is told of it."""
        agent = next(seat for seat in play.seats if seat is not None)
        return Progress(self._simulator, self._pending, play, agent, self._now)

    def _name(self, play: Play) -> str:
        """A play, and whose it is: what the journal calls it is the same for each agent."""
        whose = " and ".join(cut(seat.label, _LONGEST) for seat in play.seats if seat is not None)
        return f"{play.label} of {whose}"

    # Misses

    def _misses(self, wanted: Expected) -> str:
        misses, most = self._simulator.misses, wanted.misses or 0
        whose = [each for each in self._simulator.agents.all if _is_called(each, wanted.agent)]
        count = sum(each.misses for each in whose) if wanted.agent else misses.total
        if count <= most:
            return ""
        labels = {each.label for each in whose}
        first = next((each for each in misses if not wanted.agent or each.agent in labels), None)
        said = f"; the first: {cut(first.request, 2 * _LONGEST)}" if first is not None else ""
        allowed = f"at most {in_misses(most)}" if most else "no miss"
        of = f" of {cut(wanted.agent, _LONGEST)}" if wanted.agent else ""
        return f"{allowed}{of} was expected, and there {'was' if count == 1 else 'were'} {count:,}{said}"


def _is_called(agent: Agent, name: str) -> bool:
    return name in {agent.label, f"#{agent.ordinal}", f"{agent.ordinal}"}


def _is_of(play: Play, item: Ask | Cue, name: str) -> bool:
    """Whether a step is that of a role, or of an agent, that is called so."""
    seat = play.seats[item.role]
    return play.timeline.roles[item.role] == name or (seat is not None and _is_called(seat, name))


def _sits(play: Play, name: str) -> bool:
    return not name or any(seat is not None and _is_called(seat, name) for seat in play.seats)


def _standing(why: str) -> str:
    """Why a step has not come, to stand behind its name."""
    return why if why.startswith("waits") else f"is {why}" if why.startswith("held") else f"({why})"


def _come(item: Ask | Cue) -> str:
    return "been answered" if isinstance(item, Ask) else "come"


def _was_expected(wanted: Expected, *, exactly: bool = False) -> str:
    """The beginning of a sentence; that it was to be at all goes without saying how often."""
    least, most = bounds(wanted)
    plain = not exactly and least == 1 and most in {None, 1}
    return f"{wanted.step} was expected{'' if plain else f' {often(wanted)}'}"


def _so_in(plays: int) -> str:
    return f"; so it is in {plays:,} more {'play' if plays == 1 else 'plays'}" if plays else ""
