"""One run of one part of a scenario: what has happened in it, and what that sets off.

A session is one agent's. A story is one agent's too, unless its steps name several: then it has a seat for
each role, and is shared by those who sit there.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, deque
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.paces.basis import Chance, Wait
from replay.plan.timeline import Ask, Cue, Moment, Part, Reply, Timeline
from replay.plan.values import render
from replay.scenario.anew import TURN, turns_of
from replay.scenario.delays import Delay, Distribution
from replay.simulator.at_first import AtFirst, prepared
from replay.simulator.draws import chance, delay_of
from replay.simulator.happenings import Answered, Due, Harm, Mark
from replay.simulator.marks import LONG, MOST, Marks, used_up

if TYPE_CHECKING:
    from replay.simulator.agents import Agent
    from replay.simulator.collecting import Said


RETRY = 2.0
"""Seconds within which the same request again is a client that tries again, and gets the same answer."""

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


@prepared
class Play:
    """A session or a story under way."""

    values: AtFirst[dict[str, Any]] = AtFirst(dict)
    """Variables that are bound: made for this play, or taken from the client."""
    captured_by: AtFirst[dict[str, str]] = AtFirst(dict)
    """Of those taken from the client, the step that it was taken from."""
    captured: AtFirst[dict[str, Any]] = AtFirst(dict)
    """`STEP.name`: what the latest occurrence of a step captured."""
    followers: AtFirst[list[Play]] = AtFirst(list)
    """Of a session: the stories that go by it."""
    counts: AtFirst[Counter[str]] = AtFirst(Counter)
    """How often each ask was answered afresh."""
    answered: AtFirst[dict[str, Answered]] = AtFirst(dict)
    harms: AtFirst[dict[str, Harm]] = AtFirst(dict)
    """What rules did to its steps, each time the last."""
    told: AtFirst[Counter[str]] = AtFirst(Counter)
    """Of a session: how often each event was due."""
    steered: AtFirst[Counter[str]] = AtFirst(Counter)
    """How often each event took place beside those that were set off: somebody wanted it; less by those
    that had ended when they were due."""
    beside: AtFirst[Counter[str]] = AtFirst(Counter)
    """How many times more than once each rules have had events told: -1 for one that they kept."""
    counted: AtFirst[dict[str, int]] = AtFirst(dict)
    """What each variable that counts was the last time."""
    merged: AtFirst[dict[str, dict[str, Any]]] = AtFirst(dict)
    """What requests have made of each variable that is merged."""
    collected: AtFirst[dict[tuple[int, str], deque[Said]]] = AtFirst(dict)
    """By role and field, what its events have told that somebody may ask for."""
    _marks: AtFirst[dict[Moment, Marks]] = AtFirst(dict)
    _fired: AtFirst[Counter[str]] = AtFirst(Counter)

    def __init__(
        self,
        timeline: Timeline,
        part: Part,
        *,
        ordinal: int,
        key: tuple[str | int, ...],
        sessions: tuple[Play, ...] = (),
    ) -> None:
        """Nobody sits in it yet.

        Args:
            key: What draws are keyed by.
            sessions: Those of a story's roles.
        """
        self.timeline = timeline
        self.part = part
        self.ordinal = ordinal
        self.key = key
        self.seats: list[Agent | None] = [None] * len(timeline.roles)
        """Who plays each role; of a session, only its own role is ever taken."""
        self.is_story = part is timeline.story
        """Else it is a session."""
        self.shared = len(self.seats) > 1 and self.is_story
        self.name = timeline.name
        """The scenario's."""
        # Those of all agents are called alike.
        self.label = sys.intern(f"{timeline.name}#{ordinal}")
        """How the journal names it."""
        self.sessions = sessions
        for session in sessions:
            session.followers.append(self)
        self._is_plain = timeline.pace.plain
        self._speed = timeline.pace.speed if self._is_plain else None
        """By which delays are divided, where nothing else is done to them."""
        self._near = (self, *sessions)
        """Where values stand, nearest first for the first role."""
        self.waiting: tuple[Due, ...] = ()
        """Events for roles that nobody has taken yet, in order."""
        self.since = 0.0
        """When somebody got it."""
        self.shift = 0.0
        """Seconds by which recorded times are moved."""
        self.zero = 0.0
        """When the time began that it is moved to."""
        self.is_ahead = False
        """Whether it is the session of one of several roles, which its agent has not taken yet."""

    def goes_on_from(self, before: Play) -> None:
        """A session of the changed scenario: what has happened in the one before has happened here.

        All they know is one from now on, so that the stories of either go by what happens in the other.
        """
        self.followers, self.shift, self.zero = before.followers, before.shift, before.zero
        self.counted, self.collected, self.merged = before.counted, before.collected, before.merged
        self.values, self.captured_by, self.captured = before.values, before.captured_by, before.captured
        self.counts, self.answered, self.told = before.counts, before.answered, before.told
        self.harms, self._marks, self._fired = before.harms, before._marks, before._fired
        self.steered, self.beside = before.steered, before.beside
        known = {cue.id: cue.trigger.moments for cue in before.part.cues}
        for cue in self.part.cues:
            moments = cue.trigger.moments
            if known.get(cue.id) != moments:
                # What has been has been: an event that is new waits for the next time.
                self._fired[cue.id] = min(map(self._times, moments))

    def catches_up_with(self, before: Play) -> None:
        """A session of a role just taken: what its agent has done before that has been done here.

        Only what was made for it stays its own, since others of its play may have been told.
        """
        values, followers = self.values, self.followers
        self.goes_on_from(before)
        self.values = before.values | values
        self.followers += followers

    def is_one_with(self, other: Play) -> bool:
        """Whether both are the same session, told by versions of one scenario."""
        return self._marks is other._marks

    def __repr__(self) -> str:
        return f"<Play {self.label} of {', '.join(seat.label for seat in self.seats if seat is not None)}>"

    @property
    def is_silent(self) -> bool:
        """Whether it is a session of which no story has been offered yet: it answers, and tells nothing."""
        return not self.is_story and not self.followers

    @property
    def owner(self) -> Agent | None:
        """Whose it is; of a shared play nobody's."""
        return None if self.shared else next((seat for seat in self.seats if seat is not None), None)

    def is_only_of(self, agents: Collection[Agent]) -> bool:
        """Whether nobody else sits in it."""
        return all(seat is None or seat in agents for seat in self.seats)

    def label_of(self, role: int) -> str:
        """How the journal names who has a role."""
        agent = self.seats[role]
        return agent.label if agent is not None else ""

    def role_of(self, agent: Agent) -> int:
        """Where this agent sits, who sits somewhere."""
        return self.seats.index(agent)

    def asks_for(self, agent: Agent) -> tuple[Ask, ...]:
        """What this agent may ask: in a shared play the steps of its role, elsewhere all."""
        if not self.shared:
            return self.part.asks
        return self.part.asks_of[self.seats.index(agent)] if agent in self.seats else ()

    def started(self, role: int) -> bool:
        """Whether the `start` of a role has come."""
        return self.part.starts[role] in self._marks

    def has_happened(self, step: str) -> bool:
        """Whether a step took place, here or in the agent's session."""
        return self.has_come(Moment(step))

    def ended_by(self, until: tuple[str, ...]) -> str:
        """Which of the steps that end another took place; empty if none did."""
        for step in until:
            if self.has_happened(step):
                return step
        return ""

    def has_come(self, moment: Moment) -> bool:
        """Whether a moment came, here or in the agent's session."""
        return bool(self._all_marks(moment))

    def last(self, step: str) -> float | None:
        """When a step of this part took place last; None if it never did."""
        marks = self._marks.get(Moment(step))
        return marks[-1].at if marks else None

    def harm_to(self, step: str) -> Harm | None:
        """What a rule did to a step, here or in the session, when it took place last, or was to."""
        for play in self._near:
            harm, last = play.harms.get(step), play.last(step)
            if harm is not None and (last is None or harm.at >= last):
                return harm
        return None

    def times_set_off(self, cue: Cue) -> int:
        """How often a cue has been set off, also if it is not due yet."""
        return self._fired[cue.id]

    def missing(self, cue: Cue) -> list[Moment]:
        """The moments that have to come before a cue is set off once more."""
        fired = self._fired[cue.id]
        return [moment for moment in cue.trigger.moments if self._times(moment) <= fired]

    def happens(self, moment: Moment, mark: Mark, seed: int) -> list[Due]:
        """A moment has come; returns the cues that it sets off here.

        Of one that nothing waits for, when it came last is enough to know.
        """
        marks, cues = self._marks.get(moment), self.part.cues_on.get(moment)
        if marks is None:
            self._marks[moment] = Marks(mark)
        elif cues is not None or moment in self.part.watched:
            marks.append(mark)
        else:
            marks[0] = marks.first = mark
        dues = self._set_off_all(cues, moment, seed) if cues is not None else []
        if marks is not None and len(marks) > LONG:
            self._let_go(moment, marks)
        return dues

    def set_off(self, moment: Moment, seed: int) -> list[Due]:
        """Cues that are due because this moment has happened once more, here or in the session."""
        return self._set_off_all(self.part.cues_on.get(moment, ()), moment, seed)

    def _set_off_all(self, cues: tuple[Cue, ...], moment: Moment, seed: int) -> list[Due]:
        dues: list[Due] = []
        speed, marks = self._speed, self._all_marks(moment)
        assert marks is not None
        for cue in cues:
            count, wait = self._fired.get(cue.id, 0), cue.wait
            if wait is not None and speed is not None:
                # As `_set_off` does it, with nothing asked that is known.
                count = max(count, marks.gone)
                for mark in marks[count - marks.gone :]:
                    at, recorded = mark.at + wait / speed, mark.recorded + wait
                    rounded = round(at, 6)
                    recorded = rounded if recorded == at else round(recorded, 6)
                    dues.append(Due(self, cue, Mark(rounded, recorded, mark.captured)))
                    count += 1
            else:
                several = [found for each in cue.trigger.moments if (found := self._all_marks(each))]
                if len(several) < len(cue.trigger.moments):
                    continue
                count = max(count, min(each.gone for each in several))
                while count < min(each.total for each in several):
                    causes = [each.number(count) for each in several]
                    dues.append(self._set_off(cue, causes, count, seed))
                    count += 1
            if count:
                self._fired[cue.id] = count
        return dues

    def _set_off(self, cue: Cue, causes: list[Mark], count: int, seed: int) -> Due:
        last, captured, delay = causes[0], causes[0].captured, cue.trigger.delay
        if len(causes) > 1:
            last = max(causes, key=_moment_of)
            captured = {name: value for mark in causes for name, value in mark.captured.items()}
        if isinstance(delay, Distribution):
            delay = delay_of(delay, seed, *self.key, cue.id, count)
        if self._is_plain:
            follows_answer = _follows_answer(cue, causes, delay)
            at = self.timeline.pace.after(last.at, delay, follows_answer=follows_answer)
        else:
            alike, source = self.timeline.event_delays, chance(seed, *self.key, cue.id, count)
            at = last.at + self._paced(delay, cue.trigger.moments, alike, source)
        recorded = last.recorded + delay
        # One moment stays one whichever sums have led to it: what is due first depends on that.
        rounded = round(at, 6)
        return Due(self, cue, Mark(rounded, rounded if recorded == at else round(recorded, 6), captured))

    def answered_at(self, now: float, delay: float, ask: Ask, seed: int) -> float:
        """When the latest request that is this ask gets the answer that came after `delay` in the file."""
        if self._speed is not None:
            return round(now + delay / self._speed, 6)
        if self._is_plain:
            return round(self.timeline.pace.after(now, delay), 6)
        source = chance(seed, *self.key, ask.id, self.counts[ask.id])
        return round(now + self._paced(delay, (ask.asked,), self.timeline.answer_delays, source), 6)

    def _paced(
        self, delay: float, moments: tuple[Moment, ...], alike: tuple[Delay, ...], source: Chance
    ) -> float:
        beside = self.part.beside[moments]
        return self.timeline.pace.paced(Wait(written=delay, alike=alike, beside=beside, chance=source))

    def lookup(
        self, name: str, base_url: str, captured: Mapping[str, Any] | None = None, role: int = 0
    ) -> Any:
        """The value of a name: this play's, a session's, or as recorded.

        Args:
            captured: What `STEP.name` stands for, before what the latest occurrence of the step left.
            role: Whose session knows best.
        """
        if name == "base_url":
            return base_url
        if "." in name:
            if captured and name in captured:
                return captured[name]
            for play in self._circle(role):
                if name in play.captured:
                    return play.captured[name]
            return self.lookup(name.partition(".")[2], base_url, role=role)
        for play in self._circle(role) if role else self._near:
            if name in play.values:
                return play.values[name]
        variable = self.timeline.scenario.variables[name]
        if variable.make == TURN:
            # Of a step that has not taken place: it would have said the first.
            return turns_of(variable)[0]
        return None if variable.recorded is msgspec.UNSET else variable.recorded

    def owner_of(self, name: str, role: int) -> Play:
        """Whose variable it is that a role speaks of: this play's, or a session's."""
        return next((play for play in self._circle(role) if name in play.part.variables), self)

    def lasting(self, name: str, role: int) -> Any:
        """What a variable is as long as the play lasts; unset if requests may say what it is."""
        circle = self._circle(role)
        if any(name in play.captured_by for play in circle):
            return msgspec.UNSET
        return next((play.values[name] for play in circle if name in play.values), msgspec.UNSET)

    def channel_of(self, cue: Cue, captured: Mapping[str, Any] | None = None) -> str:
        """Where an event of it is told; `captured` as in `lookup`."""
        if isinstance(cue.channel, str):
            return cue.channel
        return _rendered(self, cue, captured)

    def _circle(self, role: int) -> tuple[Play, ...]:
        """Where values stand: here, in the session of the role, in those of the others."""
        if role == 0 or not self.sessions:
            return self._near
        return (self, self.sessions[role], *self.sessions[:role], *self.sessions[role + 1 :])

    def bound_for(self, ask: Ask, base_url: str) -> dict[str, Any]:
        """Names in a request that compare: all that are bound, but what this ask captures each time."""
        circle = self._circle(ask.role)
        bound: dict[str, Any] = {}
        for name in ask.names:
            for play in circle:
                if play.captured_by.get(name) == ask.id:
                    break
            else:
                for play in circle:
                    if name in play.values:
                        bound[name] = play.values[name]
                        break
        bound["base_url"] = base_url
        return bound

    def take(self, ask: Ask, captures: dict[str, Any]) -> dict[str, Any]:
        """One more request that is this ask; returns what the client sent with this occurrence of it."""
        self.counts[ask.id] = self.counts.get(ask.id, 0) + 1
        occurrence: dict[str, Any] = {}
        circle = self._circle(ask.role)
        for name, value in captures.items():
            typed = self._as_recorded(name, value)
            occurrence[ask.captured_as[name]] = typed
            for owner in circle:
                if name in owner.part.variables:
                    break
            owner.values[name] = typed
            owner.captured_by[name] = ask.id
        self.captured |= occurrence
        return occurrence

    def reply_for(self, ask: Ask) -> Reply | None:
        """The next answer, or None when there is none left, or the step has ended."""
        if ask.until and self.ended_by(ask.until):
            return None
        count, replies = self.counts.get(ask.id, 0), ask.replies
        if ask.repeat == "cycle":
            return replies[count % len(replies)]
        if ask.repeat == "last":
            return replies[min(count, len(replies) - 1)]
        return replies[count] if count < len(replies) else None

    def _let_go(self, moment: Moment, marks: Marks) -> None:
        """Keeps of the times that a moment has come those that something waits for."""
        used = used_up(self.part.cues_on.get(moment, ()), self._fired, self.part, marks.total)
        if not self.is_story:
            # Each story that begins later counts from the first time.
            used = min(used, used_up(self.part.watched.get(moment, ()), {}, self.part, marks.total))
        marks.let_go(max(used, marks.total - MOST))

    def _times(self, moment: Moment) -> int:
        """How often a moment has come, here or in the session."""
        marks = self._all_marks(moment)
        return marks.total if marks is not None else 0

    def _all_marks(self, moment: Moment) -> Marks | None:
        found = self._marks.get(moment)
        if found is not None:
            return found
        for session in self.sessions:
            found = session._marks.get(moment)  # noqa: SLF001  a play of the same class
            if found is not None:
                return found
        return None

    def _as_recorded(self, name: str, value: Any) -> Any:
        """A value from a path or a string, in the JSON type it was recorded with."""
        if not isinstance(value, str):
            return value
        variable = self.timeline.scenario.variables.get(name)
        recorded = variable.recorded if variable is not None else None
        counted = isinstance(recorded, int) and not isinstance(recorded, bool)
        return int(value) if counted and _WHOLE.fullmatch(value) else value


def _follows_answer(cue: Cue, causes: list[Mark], delay: float) -> bool:
    """Whether the answer to a request that set off a cue goes out first."""
    for moment, mark in zip(cue.trigger.moments, causes, strict=True):
        if moment.response or (mark.answered_in is not None and delay >= mark.answered_in):
            return True
    return False


def _moment_of(mark: Mark) -> tuple[float, float]:
    return mark.at, mark.recorded


def _rendered(play: Play, cue: Cue, captured: Mapping[str, Any] | None) -> str:
    return str(render(cue.channel, lambda name: play.lookup(name, "", captured, cue.role)))
