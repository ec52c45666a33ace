"""What was expected to happen, held against what has: in the reader's words, whenever somebody asks.

A step is counted in each play by itself, since one who expects `accept` once means once in each: every play
that somebody has got must have it, and there must be one. A request has taken place when it was answered, an
event when it was told to a client. All is counted from the plays, whatever the journal has forgotten.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from replay.errors import ExpectationError, UsageError, check_known
from replay.plan.timeline import Ask, Cue
from replay.scenario.model import Expected
from replay.simulator.ahead import ahead_of, seconds
from replay.simulator.pending import Pending
from replay.simulator.progress import Progress
from replay.simulator.wording import cut

if TYPE_CHECKING:
    from replay.journal import Entry
    from replay.plan.timeline import Part
    from replay.simulator.agents import Agent
    from replay.simulator.plays import Due, Play
    from replay.simulator.simulator import Simulator

_LONGEST = 60
"""Characters of a name in a sentence; clients make up their users."""
_COUNTS = ("never", "once", "twice")
_ORDINAL = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_TIMES = 5
"""Times at which a step took place that are named."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """A step that must take place so often in each play, or how many misses there may be."""

    step: str = ""
    """Empty where misses are meant."""
    least: int = 1
    most: int | None = None
    agent: str = ""
    """Role, name or number of whose step it is; empty where it is everybody's."""
    misses: int = 0
    """How many there may be."""
    scenario: str = ""
    """Whose step it is; of any scenario that has it when empty."""

    @property
    def words(self) -> str:
        """What is expected: `accept once`."""
        whose = f" of {cut(self.agent, _LONGEST)}" if self.agent else ""
        if not self.step:
            return f"{'no misses' if not self.misses else f'at most {_misses(self.misses)}'}{whose}"
        return f"{self.step} {self.often}{whose}"

    @property
    def often(self) -> str:
        """How often: `once`, `from 1 to 3 times`."""
        if self.most is None:
            return f"at least {in_times(self.least)}"
        if self.least == self.most:
            return in_times(self.most)
        return f"from {self.least} to {self.most} times" if self.least else f"at most {in_times(self.most)}"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation, and whether it is met now."""

    expected: str
    """In a few words: `accept once`."""
    met: bool
    why: str = ""
    """What is wrong, in a sentence; empty where it is met."""


def expectation(
    step: str,
    *,
    times: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    agent: str = "",
    scenario: str = "",
) -> Expectation:
    """What is expected of a step; at least once where nothing says how often.

    Raises:
        UsageError: the counts contradict each other, or are none.
    """
    given = {"times": times, "at_least": at_least, "at_most": at_most}
    for name, number in given.items():
        if number is not None and (type(number) is not int or number < 0):
            raise UsageError(f"'{name}' must be a whole number from 0, not {number!r}")
    if times is not None:
        if at_least is not None or at_most is not None:
            raise UsageError("'times' says already how often", help="Leave out 'at_least' and 'at_most'.")
        return Expectation(step=step, least=times, most=times, agent=agent, scenario=scenario)
    least = at_least if at_least is not None else 0 if at_most is not None else 1
    if at_most is not None and least > at_most:
        raise UsageError(f"'at_least' is {least} and 'at_most' only {at_most}")
    return Expectation(step=step, least=least, most=at_most, agent=agent, scenario=scenario)


class Expecting:
    """The part of a simulator that knows what is expected of it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._own: list[Expectation] = []

    def declare(self, wanted: Expectation) -> None:
        """One more expectation, beside those of the scenarios.

        Raises:
            UsageError: no scenario has such a step.
        """
        self.check_step(wanted.step)
        self._own.append(wanted)

    def forget(self) -> None:
        """Only the scenarios' own are left."""
        self._own.clear()

    def check_step(self, step: str) -> None:
        """Holds the name of a step against those there are.

        Raises:
            UsageError: no scenario has such a step.
        """
        check_known("step", step, list(self._steps()))

    def all(self) -> list[Expectation]:
        """The scenarios' own, in the order of the files, then those that were declared."""
        written = [
            _of_file(each, timeline.name)
            for timeline in self._simulator.timelines
            for each in timeline.scenario.expect
        ]
        return [*written, *self._own]

    def judged(self, now: float, wanted: Iterable[Expectation] | None = None) -> list[Judged]:
        """Each of these, or of all, as it is now."""
        chosen = self.all() if wanted is None else list(wanted)
        if not chosen:
            return []
        judging = Judging(self._simulator, now)
        return [judging.judge(each) for each in chosen]

    def unmet(self, now: float) -> list[str]:
        """What is not met, a sentence each."""
        return [each.why for each in self.judged(now) if not each.met]

    def settle(self, now: float) -> list[str]:
        """What was declared and is not met, a sentence each; only the scenarios' own are left."""
        unmet = [each.why for each in self.judged(now, self._own) if not each.met]
        self.forget()
        return unmet

    def why_not(self, step: str, agent: str, now: float) -> str:
        """Why a step does not come, in the newest play that has it; empty where nothing is known."""
        return Judging(self._simulator, now).why_not(Expectation(step=step, agent=agent))

    def not_over(self, now: float, agent: str = "") -> list[str]:
        """Plays that are not over, each with what it waits for; that there is none at all, too.

        Args:
            agent: Only this agent's.
        """
        return list(Judging(self._simulator, now).not_over(agent))

    def check_done(self, now: float, agent: str = "") -> None:
        """Holds that every play is over and every expectation met.

        Raises:
            ExpectationError: it is not so; says what is missing, a line each.
        """
        missing = [*self.unmet(now), *self.not_over(now, agent)]
        if missing:
            raise ExpectationError("\n".join(missing))

    def _steps(self) -> Iterator[str]:
        for timeline in self._simulator.timelines:
            yield from (step.id for step in (*timeline.scenario.session, *timeline.scenario.steps))


class Occurrences:
    """Entries of a journal with which a step takes place: an event was told, a request was answered."""

    def __init__(self, simulator: Simulator, step: str, agent: str = "") -> None:
        self._simulator = simulator
        self._step = step
        self._agent = agent
        self._asked: Counter[tuple[str, str]] = Counter()

    def take(self, entry: Entry) -> bool:
        """Whether this entry, which follows those before, is one."""
        if entry.step != self._step or not self._is_meant(entry.agent):
            return False
        whose = entry.agent, entry.play
        match entry.kind:
            case "event":
                return True
            case "request":
                self._asked[whose] += 1
            case "answer" if self._asked[whose]:
                # What a rule refuses is answered, and has not been taken as the step.
                self._asked[whose] -= 1
                return True
            case _:
                pass
        return False

    def _is_meant(self, label: str) -> bool:
        if self._agent in {"", label}:
            return True
        everybody = self._simulator.agents.all
        number = self._agent.removeprefix("#")
        ordinal = int(number) if _ORDINAL.fullmatch(number) else 0
        return 0 < ordinal <= len(everybody) and everybody[ordinal - 1].label == label


class Judging:
    """One look at what has happened, which serves all expectations."""

    def __init__(self, simulator: Simulator, now: float) -> None:
        self._simulator = simulator
        self._now = now
        self._pending = Pending(simulator)
        self._parts: dict[int, dict[str, Ask | Cue]] = {}

    def _stories(self) -> Iterator[Play]:
        return (play for play in self._plays() if play.part is play.timeline.story)

    def judge(self, wanted: Expectation) -> Judged:
        why = self._misses(wanted) if not wanted.step else self._step(wanted)
        return Judged(expected=wanted.words, met=not why, why=why)

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

    def waits_for(self, play: Play) -> str:
        """A play, whose it is, and what it waits for."""
        following = next(self.progress(play).next(), None)
        return f"{self._name(play)}{f': {following.step} {_it_is(following.why)}' if following is not None else ''}"

    def lacking(self, wanted: Expectation) -> Play | None:
        """The first play in which a step has not taken place often enough."""
        if not wanted.step:
            return None
        counted = ((play, self._times(play, item)) for play, item in self._places(wanted))
        return next((play for play, count in counted if count < wanted.least), None)

    def why_not(self, wanted: Expectation) -> str:
        places = list(self._places(wanted))
        if not places:
            return self._nobody(wanted)
        play, item = places[-1]
        why = self._why(play, item)
        if not self._simulator.options.is_moved_by_hand or any(seat is None for seat in play.seats[:1]):
            return why
        ahead = ahead_of(self._simulator, play, item.id, self._now)
        if ahead.kind != "come":
            return why
        wait = seconds(ahead.due_in or 0.0)
        return f"the clock stands still, and '{ahead.step}' comes when it is moved by {wait}"

    # Steps

    def _step(self, wanted: Expectation) -> str:
        """What is wrong; empty where it is met."""
        counted = [(play, item, self._times(play, item)) for play, item in self._places(wanted)]
        if not counted:
            return "" if not wanted.least else f"{self._expected(wanted)}, and {self._nobody(wanted)}"
        wrong = [
            each
            for each in counted
            if each[2] < wanted.least or (wanted.most is not None and each[2] > wanted.most)
        ]
        if not wrong:
            return ""
        play, item, count = wrong[0]
        beside = len(wrong) - 1
        more = f"; so it is in {beside:,} more {'play' if beside == 1 else 'plays'}" if beside else ""
        where = f" in {self._name(play)}" if len(counted) > 1 else ""
        if wanted.most is not None and count > wanted.most:
            said = f"took place {in_times(count)}{where}{self._when(play, item)}"
            return f"{wanted.step} was expected {wanted.often} and {said}{more}"
        so_far = f"took place {in_times(count)} only{where}" if count else f"has not {_come(item)}{where}"
        why = self._why(play, item)
        return f"{self._expected(wanted)}, and {so_far}{f': {why}' if why else ''}{more}"

    def _expected(self, wanted: Expectation) -> str:
        plain = wanted.least == 1 and wanted.most in {None, 1}
        return f"{wanted.step} was expected{'' if plain else f' {wanted.often}'}"

    def _nobody(self, wanted: Expectation) -> str:
        if wanted.agent:
            return f"{cut(wanted.agent, _LONGEST)} has not come to play"
        return f"nobody has come to play{f' {wanted.scenario}' if wanted.scenario else ''}"

    def _places(self, wanted: Expectation) -> Iterator[tuple[Play, Ask | Cue]]:
        """Plays that have the step, in order of appearance."""
        for play in self._plays():
            if wanted.scenario and self._of(play) != wanted.scenario:
                continue
            item = self._items(play.part).get(wanted.step)
            if item is not None and (not wanted.agent or self._is_of(play, item, wanted.agent)):
                yield play, item

    def _of(self, play: Play) -> str:
        """The scenario as it is called now: one that changes while it is played may get another name."""
        return self._simulator.timelines[play.timeline.place].name

    def _is_of(self, play: Play, item: Ask | Cue, name: str) -> bool:
        seat = play.seats[item.role]
        return play.timeline.roles[item.role] == name or (seat is not None and _is_called(seat, name))

    def _plays(self) -> Iterator[Play]:
        seen: set[int] = set()
        for agent in self._simulator.agents.all:
            for play in (*agent.sessions, *agent.plays):
                if not play.shared:
                    yield play
                elif id(play) not in seen:
                    seen.add(id(play))
                    yield play

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
        occurrences = Occurrences(self._simulator, item.id)
        label = play.label_of(item.role)
        found = [
            f"{entry.at:g} s"
            for entry in self._simulator.journal
            if entry.step == item.id and (entry.agent, entry.play) == (label, play.label)
            if occurrences.take(entry)
        ]
        if not found:
            return ""
        named = found if len(found) <= _TIMES else [*found[:_TIMES], f"{len(found) - _TIMES} times later"]
        times = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        return f" ({cut(label, _LONGEST)} at {times})"

    def _why(self, play: Play, item: Ask | Cue) -> str:
        """What it waits for, if anything is known."""
        if all(seat is None for seat in play.seats):
            return ""
        why = next((each.why for each in self.progress(play).next() if each.step == item.id), "")
        if not why:
            harm = play.harm_to(item.id)
            return harm.words() if harm is not None else ""
        return f"it {why}" if why.startswith("waits") else f"it is {why}" if why.startswith("held") else why

    def progress(self, play: Play) -> Progress:
        """A play that somebody has got, as one who takes part in it is told of it."""
        agent = next(seat for seat in play.seats if seat is not None)
        return Progress(self._simulator, self._pending, play, agent, self._now)

    def _name(self, play: Play) -> str:
        """A play, and whose it is: what the journal calls it is the same for each agent."""
        whose = " and ".join(cut(seat.label, _LONGEST) for seat in play.seats if seat is not None)
        return f"{play.label} of {whose}" if whose else play.label

    # Misses

    def _misses(self, wanted: Expectation) -> str:
        misses = self._simulator.misses
        if not wanted.agent:
            count = misses.total
        else:
            count = sum(each.misses for each in self._simulator.agents.all if _is_called(each, wanted.agent))
        if count <= wanted.misses:
            return ""
        whose = f" of {cut(wanted.agent, _LONGEST)}" if wanted.agent else ""
        first = next((each for each in misses if not wanted.agent or each.agent == wanted.agent), None)
        latest = f"; the first: {cut(first.request, 2 * _LONGEST)}" if first is not None else ""
        allowed = f"at most {_misses(wanted.misses)}" if wanted.misses else "no miss"
        return f"{allowed}{whose} was expected, and there {'was' if count == 1 else 'were'} {count:,}{latest}"


def _of_file(written: Expected, scenario: str) -> Expectation:
    if not written.step:
        return Expectation(misses=written.misses or 0, agent=written.agent)
    return expectation(
        written.step,
        times=written.times,
        at_least=written.at_least,
        at_most=written.at_most,
        agent=written.agent,
        scenario=scenario,
    )


def _is_called(agent: Agent, name: str) -> bool:
    return name in {agent.label, f"#{agent.ordinal}", f"{agent.ordinal}"}


def _sits(play: Play, name: str) -> bool:
    return not name or any(seat is not None and _is_called(seat, name) for seat in play.seats)


def _it_is(why: str) -> str:
    """Why a step has not come, to stand behind its name."""
    return why if why.startswith("waits") else f"is {why}" if why.startswith("held") else f"({why})"


def _come(item: Ask | Cue) -> str:
    return "been answered" if isinstance(item, Ask) else "come"


def in_times(count: int) -> str:
    """A count in words: `never`, `once`, `twice`, `3 times`."""
    return _COUNTS[count] if 0 <= count < len(_COUNTS) else f"{count:,} times"


def _misses(count: int) -> str:
    return f"{count:,} {'miss' if count == 1 else 'misses'}"
