"""How far a play is: steps that took place, and each that may come with what it waits for, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from replay.plan.timeline import Ask, Cue, Moment
from replay.plan.values import Text, as_text
from replay.scenario.durations import format_duration
from replay.simulator.facts import types_of
from replay.simulator.happenings import Due, Mark, Reached
from replay.simulator.pending import Pending, may_come, open_asks
from replay.simulator.plays import Play
from replay.simulator.waiting import Done, Next

if TYPE_CHECKING:
    from replay.simulator.agents import Agent
    from replay.simulator.simulator import Simulator
    from replay.simulator.telling import Told

MOST = 200
"""Characters of a value that are shown; clients make up some of them."""
MANY = 3
"""Channels that are named in one sentence."""


class Progress:
    """A play, as one who takes part in it is told of it."""

    def __init__(self, simulator: Simulator, pending: Pending, play: Play, agent: Agent, now: float) -> None:
        self._simulator = simulator
        self._pending = pending
        self._play = play
        self._agent = agent
        self._now = now
        self._dues = pending.dues.get(play, [])

    def done(self) -> list[Done]:
        """What has taken place, in order of when it did last."""
        play = self._play
        times = self._pending.times_told(play) | {ask.id: play.counts[ask.id] for ask in play.part.asks}
        found = [(play.last(step), step, count) for step, count in times.items() if count > 0]
        found.sort(key=lambda each: each[0] or 0.0)
        return [
            Done(
                step=step,
                times=count,
                at=round(self._simulator.since_start(at or 0.0), 6),
                struck=harm.words() if (harm := play.harm_to(step)) is not None else "",
            )
            for at, step, count in found
        ]

    def lately(self) -> str:
        """What a rule did to the step that took place last; empty where none struck it."""
        done = self.done() if self._play.harms else []
        harm = self._play.harm_to(done[-1].step) if done else None
        return harm.words(done[-1].step) if harm is not None else ""

    def next(self) -> Iterator[Next]:
        """What may come, the most pressing first: the agent's own steps before those of others."""
        held = self._pending.held(self._play)
        yield from (self.held(told, agent) for agent, told in held if agent is self._agent)
        yield from self._under_way()
        yield from self._put_off()
        own = self._play.role_of(self._agent) if self._agent in self._play.seats else 0
        roles = sorted(range(len(self._play.seats)), key=lambda role: role != own)
        for role in roles:
            if not self._has_begun(role):
                yield from self._later(role)
            yield from self._asks(role)
            if role == own:
                yield from (self.held(told, agent) for agent, told in held if agent is not self._agent)
                yield from map(self._free, self._play.waiting)
        for role in filter(self._has_begun, roles):
            yield from self._later(role)

    def held(self, told: Told, agent: Agent) -> Next:
        """An event that waits for a subscription of an agent's."""
        channel = channels_in_words([self._simulator.events.channel(told.due)])
        why = f"held until {self._who(agent)} subscribes to {channel}"
        return self._push(told.due.cue, why, due=told.due)

    # What comes by itself

    def _under_way(self) -> Iterator[Next]:
        """Events that are not due yet, and answers that are not given yet, by their time."""
        answers = self._pending.answers.get(self._play, [])
        coming: list[Due | Reached] = [*self._dues, *answers]
        for each in sorted(coming, key=lambda each: each.mark.at):
            due_in = self._until(each.mark.at)
            if isinstance(each, Due):
                after = " and ".join(map(_named, each.cue.trigger.moments))
                why = f"it comes in {_span(due_in)}, after {after}"
                yield self._push(each.cue, why, due=each, due_in=due_in)
            else:
                ask = next(ask for ask in self._play.part.asks if ask.id == each.moment.step)
                rules = " and ".join(f"'{struck.rule.name}'" for struck in each.struck)
                changed = f", but {rules} changes it then" if rules else ""
                yield self._request(ask, f"its answer comes in {_span(due_in)}{changed}", due_in=due_in)

    def _put_off(self) -> Iterator[Next]:
        """Events that rules hold up."""
        for at, told in self._pending.put_off(self._play):
            rules = " and ".join(f"'{name}'" for name in told.rules)
            due_in = self._until(at) if at is not None else None
            comes = f": it comes in {_span(due_in)}" if due_in is not None else ""
            why = f"{rules} puts it off{comes}"
            if told.telling.overtaken_by:
                why = f"{rules} lets others go before it{comes}{' at the latest' if comes else ''}"
            yield self._push(told.due.cue, why, due=told.due, due_in=due_in)

    # What somebody has to do something for

    def _asks(self, role: int) -> Iterator[Next]:
        """Requests of a role: those that could be answered now before those that need others."""
        open_ = open_asks(self._play, (ask for ask in self._play.part.asks if ask.role == role))
        needs = {ask.id: [step for step in ask.needs if not self._play.has_happened(step)] for ask in open_}
        for ask in sorted(open_, key=lambda ask: bool(needs[ask.id])):
            if needs[ask.id]:
                why = f"waits for {', and '.join(self._step(step) for step in needs[ask.id])}"
            else:
                harm = self._play.harm_to(ask.id)
                again = " again" if self._play.counts[ask.id] or harm is not None else ""
                why = f"{self._nobody(role)} {self._what(ask)}{again}"
                why = f"{harm.words()}; {why}" if harm is not None else why
            yield self._request(ask, why, needs=needs[ask.id])

    def _later(self, role: int) -> Iterator[Next]:
        """Events of a role that have never been set off."""
        for cue in self._play.part.cues_for(role):
            if may_come(self._play, cue):
                missing = self._play.missing(cue)
                needs = [each.step for each in missing if each not in self._play.part.starts]
                yield self._push(cue, self._waits(missing), needs=needs)

    def _free(self, due: Due) -> Next:
        """An event whose role nobody has taken."""
        return self._push(due.cue, f"held until somebody is '{self._role(due.cue.role)}'", due=due)

    def _waits(self, missing: list[Moment]) -> str:
        starts = self._play.part.starts
        until = [self._listens(starts.index(each)) for each in missing if each in starts]
        steps = [self._moment(each) for each in missing if each not in starts]
        said = [f"until {' and '.join(until)}"] if until else []
        said += [f"for {', and '.join(steps)}"] if steps else []
        return f"waits {', and '.join(said)}"

    def _has_begun(self, role: int) -> bool:
        return self._play.started(role) or not self._simulator.casting.awaited(self._play, role)

    def _listens(self, role: int) -> str:
        """What begins a role's part."""
        agent = self._play.seats[role]
        if agent is None:
            return f"somebody is '{self._role(role)}'"
        shakes = "" if agent.clients else "shakes hands and "
        channels = channels_in_words(self._simulator.casting.awaited(self._play, role))
        return f"{self._who(agent)} {shakes}subscribes to {channels}"

    def _moment(self, moment: Moment) -> str:
        if moment.response and self._play.has_happened(moment.step):
            circle = (self._play, *self._play.sessions)
            coming = (each for play in circle for each in self._pending.moments.get(play, ()))
            times = [each.mark.at for each in coming if each.moment == moment]
            comes = f", which comes in {_span(self._until(min(times)))}" if times else ""
            return f"the answer to {moment.step}{comes}"
        return self._step(moment.step)

    def _step(self, step: str) -> str:
        """A step that has not taken place, and why not."""
        if any(ask.id == step for play in (self._play, *self._play.sessions) for ask in play.part.asks):
            harm = self._play.harm_to(step)
            return f"{step} ({harm.words()})" if harm is not None else f"{step}, which nobody has asked"
        dues = [
            *self._dues,
            *(due for each in self._play.sessions for due in self._pending.dues.get(each, ())),
        ]
        times = [due.mark.at for due in dues if due.cue.id == step]
        if times:
            return f"{step}, which comes in {_span(self._until(min(times)))}"
        return f"{step}, which has not come"

    # In words

    def _push(
        self,
        cue: Cue,
        why: str,
        *,
        due: Due | None = None,
        needs: Sequence[str] = (),
        due_in: float | None = None,
    ) -> Next:
        due = due or Due(self._play, cue, Mark(self._now, self._now))
        types = types_of(due)
        what = " ".join((self._simulator.events.channel(due), *types.values()))
        return Next(
            step=cue.id,
            kind="push",
            what=clipped(what),
            why=why,
            needs=list(needs),
            due_in=due_in,
            agent=self._of(cue.role),
        )

    def _request(self, ask: Ask, why: str, *, needs: Sequence[str] = (), due_in: float | None = None) -> Next:
        return Next(
            step=ask.id,
            kind="request",
            what=self._what(ask),
            why=why,
            needs=list(needs),
            due_in=due_in,
            agent=self._of(ask.role),
        )

    def _what(self, ask: Ask) -> str:
        """A request as its client would make it now: what is not known yet stands as in the scenario."""
        bound = self._play.bound_for(ask, "")

        def shown(value: Any) -> str:
            if isinstance(value, Text):
                return value.render(lambda name: bound.get(name, f"${{{name}}}"))
            return as_text(value)

        query = "&".join(f"{name}={shown(value)}" for name, value in ask.query)
        operation = (
            ask.body.get(self._play.timeline.profile.operation_field) if isinstance(ask.body, dict) else None
        )
        target = f"{ask.method} {shown(ask.path)}{'?' if query else ''}{query}"
        return clipped(f"{target} {shown(operation)}" if isinstance(operation, str | Text) else target)

    def _nobody(self, role: int) -> str:
        """Who has not asked."""
        agent = self._play.seats[role]
        if agent is None and self._play.shared:
            return f"nobody is '{self._role(role)}' yet, to ask"
        if agent is None or agent is self._agent:
            return "nobody has asked"
        return f"{agent.label} has not asked"

    def _who(self, agent: Agent) -> str:
        return "the agent" if agent is self._agent else agent.label

    def _role(self, role: int) -> str:
        return self._play.timeline.roles[role]

    def _of(self, role: int) -> str:
        """Whose a step is, where that does not go without saying."""
        return (self._play.label_of(role) or self._role(role)) if self._play.shared else ""

    def _until(self, at: float) -> float:
        return round(max(0.0, at - self._now), 6)


def channels_in_words(channels: Iterable[str]) -> str:
    """`/a or /b`."""
    named = list(dict.fromkeys(channels))
    more = f" or {len(named) - MANY} others" if len(named) > MANY else ""
    return clipped(" or ".join(named[:MANY])) + more


def clipped(value: Any) -> str:
    """A value as text, of bounded length."""
    text = as_text(value)
    return text if len(text) <= MOST else f"{text[:MOST]}…"


def _named(moment: Moment) -> str:
    return f"the answer to {moment.step}" if moment.response else moment.step


def _span(seconds: float) -> str:
    return format_duration(round(seconds, 3))
