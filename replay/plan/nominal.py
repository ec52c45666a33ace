"""A scenario as the journal of a run in which all goes as written: each step at its nominal time.

A push comes at its trigger's time and its delay, of a distribution the median. A request comes as soon as it
may: when the step before it in the file has taken place, and what it needs. What a session asks before its
first push comes before anybody listens.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from replay.entries import Entry, Kind
from replay.scenario.delays import median, parse_delay
from replay.scenario.model import PushStep, RequestStep, Respond, Scenario, Step, is_set, roles_of
from replay.scenario.triggers import START, Moment, Trigger, parse_trigger


def nominal(scenario: Scenario) -> list[Entry]:
    """The entries, in order of time; agents are named by their roles, the only one `agent`."""
    planning = _Planning(scenario)
    for role in planning.roles:
        planning.session(role)
    planning.story()
    found = sorted(planning.noted, key=lambda each: each[0])
    return [
        Entry(number=number, at=round(at, 6), kind=kind, agent=agent, **fields)
        for number, (at, kind, agent, fields) in enumerate(found, start=1)
    ]


class _Planning:
    """A scenario that is being given its times."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.roles = roles_of(scenario)
        self.noted: list[tuple[float, Kind, str, dict[str, Any]]] = []
        self._at: dict[Moment, float] = {}
        """When each moment comes."""
        self._starts: dict[str, float] = {}
        """When each role begins to listen."""
        self._free: dict[str, float] = defaultdict(float)
        """When each role has been answered all it has asked."""

    def session(self, role: str) -> None:
        """What a role asks before it listens, and after."""
        steps = [step for step in self._scenario.session if (step.agent or self.roles[0]) == role]
        first = next((at for at, step in enumerate(steps) if isinstance(step, PushStep)), len(steps))
        self._note(0.0, "agent", role)
        self._place(steps[:first], 0.0)
        start = self._starts[role] = self._free[role]
        for kind in ("handshake", "subscribe"):
            channels = {"channels": self._channels(role)} if kind == "subscribe" else {}
            self._note(start, kind, role, detail={"client": 1, **channels})
        self._place(steps[first:], start)

    def story(self) -> None:
        """The steps, once everybody listens."""
        start = max(self._starts.values())
        for role in self.roles:
            self._note(start, "play", role, play=self._scenario.name)
        self._place(self._scenario.steps, start)

    def _place(self, steps: list[Step], latest: float) -> None:
        """Gives steps their times; those that wait for a later one of the file, when that has its own."""
        waiting: list[Step] = []
        for step in steps:
            waiting.append(step)
            while (
                ready := next((each for each in waiting if self._due(each) is not None), None)
            ) is not None:
                waiting.remove(ready)
                latest = self._take(ready, latest)
        for step in waiting:
            latest = self._take(step, latest)

    def _due(self, step: Step) -> float | None:
        """When what a step waits for has taken place; None while that is not known."""
        moments = _trigger(step).moments
        known = [self._time_of(moment, step) for moment in moments]
        return None if None in known else max((at for at in known if at is not None), default=0.0)

    def _time_of(self, moment: Moment, step: Step) -> float | None:
        if moment.step == START:
            return self._starts.get(step.agent or self.roles[0])
        return self._at.get(moment)

    def _take(self, step: Step, latest: float) -> float:
        """One step takes place; when the latest one so far did."""
        role = step.agent or self.roles[0]
        due = self._due(step)
        after = due if due is not None else latest
        if isinstance(step, PushStep):
            at = after + median(_trigger(step).delay)
            self._at[Moment(step.id)] = at
            self._note(at, "event", role, step=step.id, play=self._scenario.name, detail=_pushed(step))
            return max(at, latest)
        at = max(after, latest, self._free[role])
        respond = (step.respond or [Respond()])[0]
        answered = at + median(parse_delay(respond.after))
        self._at[Moment(step.id)], self._at[Moment(step.id, response=True)] = at, answered
        self._free[role] = answered
        named = {"step": step.id, "play": self._scenario.name}
        self._note(at, "request", role, **named, detail=_asked(step))
        self._note(answered, "answer", role, **named, detail={"status": respond.status})
        return max(at, latest)

    def _channels(self, role: str) -> list[str]:
        steps = (*self._scenario.session, *self._scenario.steps)
        pushes = [step for step in steps if isinstance(step, PushStep)]
        return sorted({step.push for step in pushes if (step.agent or self.roles[0]) == role})

    def _note(self, at: float, kind: Kind, role: str, **fields: Any) -> None:
        self.noted.append((at, kind, role or "agent", fields))


def _trigger(step: Step) -> Trigger:
    """What a step waits for; a request for what it needs."""
    if isinstance(step, PushStep):
        return parse_trigger(step.after)
    return Trigger(tuple(map(Moment, step.needs)))


def _pushed(step: PushStep) -> dict[str, Any]:
    told = {"channel": step.push, "after": step.after, "because": step.because, "evidence": step.evidence}
    return {name: value for name, value in told.items() if value} | {"data": step.data}


def _asked(step: RequestStep) -> dict[str, Any]:
    told: dict[str, Any] = {"request": step.request, "about": step.about, "evidence": step.evidence}
    body = {"body": step.body} if is_set(step.body) else {}
    answers = {"respond": msgspec.to_builtins(step.respond)} if step.respond else {}
    return {name: value for name, value in told.items() if value} | body | answers
