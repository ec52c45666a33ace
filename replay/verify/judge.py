"""What a server did held against what a scenario says: the verdict, and each thing that differs.

what an agent saw          what becomes of it
-----------------          ------------------
an answer, an event   -->  the step it is, with the fields that differ
an event again        -->  doubled
an event of no step   -->  only in b
a step that was not   -->  only in a, if its turn came; nothing is known of it otherwise
order, times          -->  as far as they are asked for
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from replay.plan.difference import Difference as Field
from replay.plan.intervals import Interval, interval
from replay.plan.spans import nominal_spans
from replay.plan.timeline import Ask, Cue, Timeline
from replay.plan.values import MISSING
from replay.scenario.delays import median, span
from replay.scenario.durations import format_duration
from replay.scenario.model import PushStep, Step
from replay.scenario.triggers import START, Moment, parse_trigger
from replay.verify.diff_steps import kind_of
from replay.verify.diff_values import ABSENT
from replay.verify.observed import ORDER
from replay.verify.order import Order, Told, misplaced
from replay.verify.recognising import ROOT
from replay.verify.report import Difference, Kind, StepOutcome, Verdict, Verification
from replay.verify.role import Seen
from replay.verify.strays import channel_of, difference, strays
from replay.verify.timing import Tolerance

__all__ = ["Order", "judge"]

SLACK = 0.010
"""Seconds that nothing is late by, where a share is asked for: the share of no delay is nothing."""


def judge(
    timeline: Timeline,
    seen: Sequence[Seen],
    *,
    role: int = 0,
    why: str = "",
    order: Order = "causal",
    tolerance: Tolerance | None = None,
    allow_new_fields: bool = False,
    others: Sequence[Seen] | None = None,
) -> Verification:
    """Holds what one agent saw against its part of a scenario.

    Args:
        seen: In the order in which it was seen, of the session too.
        role: Whose part it is: an index into the timeline's roles.
        why: Why it ended before all was seen; empty when it did not.
        tolerance: What delays may be apart; they are not compared without it.
        allow_new_fields: Fields that only the server has are no difference.
        others: What the other roles saw, where they are played too.
    """
    part = _Part(timeline, seen, role, others)
    found = _Findings(part, order, tolerance, allow_new_fields=allow_new_fields)
    differences = tuple(found.all(ended=bool(why)))
    steps = tuple(part.outcomes({each.step for each in differences}, ended=bool(why)))
    verdict, reason = _verdict(part, differences, steps, why)
    return Verification(
        scenario=timeline.name,
        verdict=verdict,
        why=reason,
        differences=differences,
        steps=steps,
        troubles=tuple(dict.fromkeys(part.troubles(why))),
        ignored=found.ignored,
    )


def _verdict(
    part: _Part, differences: Sequence[Difference], steps: Sequence[StepOutcome], why: str
) -> tuple[Verdict, str]:
    strangers = part.left_to_others
    if any(each.kind != "only in a" or each.step not in strangers for each in differences):
        return "fail", why
    if differences:
        first = part.by_id[differences[0].step]
        where = f" on {first.push}" if isinstance(first, PushStep) else ""
        return "inconclusive", why or f"{first.id} never came{where}, and somebody else has to cause it"
    if why or any(each.outcome != "same" for each in steps):
        return "inconclusive", why or "it ended before all was seen"
    if not steps:
        return "inconclusive", "there is no step to hold a server to"
    return "pass", ""


class _Part:
    """One role's steps, and what was seen of each."""

    def __init__(
        self, timeline: Timeline, seen: Sequence[Seen], role: int, others: Sequence[Seen] | None
    ) -> None:
        self.timeline, self.seen = timeline, seen
        self._is_alone = others is None
        self._of_others = {Moment(each.step, response=each.kind == "answer") for each in others or ()}
        self._story = {step.id: step for step in timeline.scenario.steps}
        session, story = timeline.sessions[role], timeline.story
        # Who is alone, or sees no session, is not asked for it.
        asked = {each.step for each in seen}
        self._before = frozenset(ask.id for ask in session.asks)
        self.asks: dict[str, Ask] = {ask.id: ask for ask in session.asks if ask.id in asked}
        self.asks |= {ask.id: ask for ask in story.asks_of[role]}
        self.cues: dict[str, Cue] = {cue.id: cue for cue in (*session.cues, *story.cues_for(role))}
        steps = [*timeline.scenario.session, *timeline.scenario.steps]
        self.steps: list[Step] = [each for each in steps if each.id in self.asks or each.id in self.cues]
        self.moments: dict[Moment, Seen] = {}
        """What was seen of each moment, the first time."""
        self.places: dict[Moment, int] = {}
        for place, each in enumerate(seen):
            if each.step:
                moment = Moment(each.step, response=each.kind == "answer")
                self.moments.setdefault(moment, each)
                self.places.setdefault(moment, place)
        ended = self._ended()
        self.steps = [each for each in self.steps if each.id not in ended]
        self.by_id = {each.id: each for each in self.steps}
        self.left_to_others = self._left_to_others()
        missing = [cue for step, cue in self.cues.items() if step in self.by_id and not self.is_seen(step)]
        self.elsewhere = strays(seen, missing, timeline.profile)
        """Steps that came on another channel, or as no object."""

    def _ended(self) -> set[str]:
        """Steps that could not come any more: they, or what they wait for, had ended."""
        took_place = {each.step for each in (*self.moments, *self._of_others)}
        ended: set[str] = set()
        for step in (*self.timeline.scenario.session, *self._story.values()):
            waits = _moments_of(step) if isinstance(step, PushStep) else step.needs
            if step.id not in took_place and not (
                took_place.isdisjoint(step.until) and ended.isdisjoint(waits)
            ):
                ended.add(step.id)
        return ended

    def is_seen(self, step: str) -> bool:
        """Whether a step has taken place: a request, if it was answered."""
        return Moment(step, response=step in self.asks) in self.moments

    def causes(self, step: str) -> tuple[Moment, ...]:
        """What a push follows, as its step says it."""
        push = self.by_id[step]
        return parse_trigger(push.after).moments if isinstance(push, PushStep) else ()

    def came_due(self, step: str) -> bool:
        """Whether all that sets a step off has taken place."""
        if step in self.asks:
            return Moment(step) in self.moments
        return all(
            moment.step == START or moment in self.moments or self._came_to_others(moment)
            for moment in self.causes(step)
        )

    def _came_to_others(self, moment: Moment) -> bool:
        """Whether it took place where this role does not see it: granted, of who is not played."""
        if moment.step in self.by_id:
            return False
        return self._is_alone or moment.step not in self._story or moment in self._of_others

    def at(self, moment: Moment) -> float | None:
        """When a moment was; requests of the session come before all, and what others do is not seen."""
        if moment.step == START or (moment.step in self._before and moment in self.moments):
            return 0.0
        seen = self.moments.get(moment)
        return None if seen is None else seen.at

    def after(self, step: str) -> float | None:
        """Seconds from what set a step off until it was seen; None where that is not known."""
        is_ask = step in self.asks
        seen = self.moments.get(Moment(step, response=is_ask))
        if seen is None:
            return None
        if is_ask:
            return seen.at - self.moments[Moment(step)].at
        times = [self.at(moment) for moment in self.causes(step)]
        known = [each for each in times if each is not None]
        return seen.at - max(known) if len(known) == len(times) else None

    def outcomes(self, differing: set[str], *, ended: bool) -> Iterator[StepOutcome]:
        """What became of each step."""
        for step in self.by_id:
            kind: Literal["request", "push"] = "request" if step in self.asks else "push"
            seen = self.moments.get(Moment(step))
            outcome: Literal["same", "differs", "missing", "not reached"] = "same"
            if not self.is_seen(step) and step not in self.elsewhere:
                outcome = "missing" if self.came_due(step) and not ended else "not reached"
            elif step in differing:
                outcome = "differs"
            at = None if seen is None else round(seen.at, 6)
            after = self.after(step)
            took = None if after is None else round(after, 6)
            yield StepOutcome(step=step, kind=kind, outcome=outcome, at=at, took=took)

    def troubles(self, why: str) -> Iterator[str]:
        """What failed, but for what it ended with."""
        return (each.what for each in self.seen if each.kind == "failure" and each.what != why)

    def _left_to_others(self) -> frozenset[str]:
        """Events of the story that nothing brings about that an agent asks in it: one that is played."""
        left: set[str] = set()
        for step in self._story.values():
            if isinstance(step, PushStep):
                causes = [each.step for each in parse_trigger(step.after).moments if each.step in self._story]
                if all(each in left for each in causes) or any(
                    self._is_asked_elsewhere(each) for each in causes
                ):
                    left.add(step.id)
        return frozenset(left)

    def _is_asked_elsewhere(self, step: str) -> bool:
        return self._is_alone and step not in self.asks and not isinstance(self._story[step], PushStep)


class _Findings:
    """All that differs, in the order of the steps."""

    def __init__(
        self, part: _Part, order: Order, tolerance: Tolerance | None, *, allow_new_fields: bool
    ) -> None:
        self._part = part
        self._order: Order = order
        self._tolerance = tolerance
        self._allow_new_fields = allow_new_fields
        self.ignored = 0
        """Differences that were left out, as they are allowed."""

    def all(self, *, ended: bool) -> Iterator[Difference]:
        """Each difference."""
        beside, first = self._beside()
        by_step: dict[str, list[Difference]] = {step: [] for step in self._part.by_id}
        for each in (*self._fields(), *self._out_of_order(), *self._times()):
            by_step[each.step].append(each)
        yield from first
        for step, found in by_step.items():
            if step in self._part.elsewhere:
                yield difference(self._part.cues[step], self._part.elsewhere[step])
            elif not self._part.is_seen(step) and self._part.came_due(step) and not ended:
                yield Difference(kind="only in a", step=step, a=kind_of(self._part.by_id[step]))
            yield from found
            yield from beside.get(step, ())

    def _beside(self) -> tuple[dict[str, list[Difference]], list[Difference]]:
        """Events that are no step, by the step they came after; those that came before all."""
        elsewhere = {id(each) for each in self._part.elsewhere.values()}
        first: list[Difference] = []
        after: dict[str, list[Difference]] = {}
        now = first
        for each in self._part.seen:
            if each.kind == "event" and each.again:
                after.setdefault(each.again, []).append(
                    Difference(kind="doubled", step=each.again, field="times", a=1, b=2)
                )
            elif each.kind == "event" and not each.step:
                if id(each) not in elsewhere:
                    now.append(Difference(kind="only in b", field=channel_of(each), b=each.value))
            elif each.step in self._part.by_id:
                now = after.setdefault(each.step, [])
        return _counted(after), first

    def _fields(self) -> Iterator[Difference]:
        for each in self._part.seen:
            if each.step not in self._part.by_id:
                continue
            for field in each.differences:
                if self._is_allowed(field):
                    self.ignored += 1
                elif each.kind == "answer":
                    name = field.field.removeprefix(ROOT)
                    name = f"answer.{name}" if name == field.field else f"answer.body{name}"
                    yield _difference("answer", each.step, name, field)
                else:
                    yield _difference("event", each.step, field.field, field)

    def _is_allowed(self, field: Field) -> bool:
        is_order = field.field.endswith(ORDER)
        return (self._allow_new_fields and field.expected == MISSING) or (self._order == "any" and is_order)

    def _out_of_order(self) -> Iterator[Difference]:
        part = self._part
        spans = nominal_spans(part.timeline)
        events = [
            Told(each.id, part.causes(each.id), interval(each), spans[each.id])
            for each in part.steps
            if isinstance(each, PushStep)
        ]
        for step, other, is_early in misplaced(events, part.places, self._order):
            said = ("after", "before") if is_early else ("before", "after")
            a, b = (f"{each} {other}" for each in said)
            yield Difference(kind="order", step=step, field="order", a=a, b=b)

    def _times(self) -> Iterator[Difference]:
        if self._tolerance is None:
            return
        for step in self._part.by_id:
            after = self._part.after(step)
            if after is None:
                continue
            allowed = self._allowed(step)
            off = allowed.misses(after)
            if not self._is_in_time(abs(off), allowed.latest):
                field = "answer.after" if step in self._part.asks else "after"
                a, b = format_duration(allowed.played), format_duration(abs(after))
                if after < 0:
                    b += " before it"
                yield Difference(kind="delay", step=step, field=field, a=a, b=b, apart=round(off, 6))

    def _is_in_time(self, off: float, said: float) -> bool:
        """Whether it is near enough; a share is one of what the scenario says, as late is always longer."""
        assert self._tolerance is not None
        return self._tolerance.allows(off, said) or (self._tolerance.share > 0 and off <= SLACK)

    def _allowed(self, step: str) -> Interval:
        push = self._part.by_id[step]
        if isinstance(push, PushStep):
            return interval(push)
        delay = self._part.asks[step].replies[0].after
        return Interval(*span(delay), median(delay))


def _moments_of(step: PushStep) -> list[str]:
    return [each.step for each in parse_trigger(step.after).moments]


def _difference(kind: Kind, step: str, name: str, field: Field) -> Difference:
    a, b = (ABSENT if each == MISSING else each for each in (field.expected, field.got))
    return Difference(kind=kind, step=step, field=name.removesuffix(ORDER), a=a, b=b)


def _counted(after: dict[str, list[Difference]]) -> dict[str, list[Difference]]:
    """An event that came several times more is said once, with how often it came."""
    found = {}
    for step, differences in after.items():
        times = 1 + sum(each.kind == "doubled" for each in differences)
        others = [each for each in differences if each.kind != "doubled"]
        again = [Difference(kind="doubled", step=step, field="times", a=1, b=times)] if times > 1 else []
        found[step] = [*again, *others]
    return found
