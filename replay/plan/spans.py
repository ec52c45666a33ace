"""Between which moments each event of a story comes, if all goes as written and each is asked at once."""

from __future__ import annotations

from replay.plan.intervals import Interval, interval
from replay.plan.timeline import Timeline
from replay.scenario.delays import median, span
from replay.scenario.model import PushStep
from replay.scenario.triggers import START, Moment, parse_trigger

_ZERO = Interval(0.0, 0.0, 0.0)


def nominal_spans(timeline: Timeline) -> dict[str, Interval]:
    """By step, seconds after the story began.

    A request comes when all above it has: what waits for a step further down counts from the last one above.
    """
    asks = {ask.id: ask for part in (*timeline.sessions, timeline.story) for ask in part.asks}
    moments = {Moment(START): _ZERO}
    found: dict[str, Interval] = {}
    above = _ZERO
    for step in timeline.scenario.session:
        if not isinstance(step, PushStep):
            # The session is asked before anybody listens.
            moments[Moment(step.id)] = moments[Moment(step.id, response=True)] = _ZERO
    for step in (*timeline.scenario.session, *timeline.scenario.steps):
        if isinstance(step, PushStep):
            causes = [moments.get(each, above) for each in parse_trigger(step.after).moments]
            at = _later(_latest(*causes), interval(step))
            moments[Moment(step.id)] = found[step.id] = at
            above = _latest(above, at)
        elif Moment(step.id) not in moments:
            delay = asks[step.id].replies[0].after
            moments[Moment(step.id)] = above
            above = _later(above, Interval(*span(delay), median(delay)))
            moments[Moment(step.id, response=True)] = above
    return found


def _latest(*all_: Interval) -> Interval:
    return Interval(*(max(each) for each in zip(*map(_numbers, all_), strict=True)))


def _later(one: Interval, by: Interval) -> Interval:
    return Interval(*(a + b for a, b in zip(_numbers(one), _numbers(by), strict=True)))


def _numbers(one: Interval) -> tuple[float, float, float]:
    return one.earliest, one.latest, one.played
