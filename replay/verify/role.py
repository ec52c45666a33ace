"""The client's part of a scenario: what it asks when, and which step each thing is that it sees.

A request of the story is due once everything above it in the file has been seen. Ids are learned from the
events themselves, by structure: an event is the first unseen push whose shape it has, never "the one with
that number".
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay.plan.timeline import Ask, Cue, Timeline
from replay.plan.values import Comparison, Difference, readable, render
from replay.scenario.model import PushStep


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the client saw."""

    at: float
    """Seconds since the client subscribed."""
    kind: str
    """request, answer or event."""
    step: str
    """Empty when it is no step of the scenario."""
    what: str
    """In one line."""
    value: Any = None
    differences: tuple[Difference, ...] = ()
    """Where it is not what the scenario says."""


class Role:
    """One agent's progress through a scenario."""

    def __init__(self, timeline: Timeline, base_url: str) -> None:
        self._timeline = timeline
        self._values: dict[str, Any] = {"base_url": base_url}
        self._cues = {cue.id: cue for cue in timeline.story.cues}
        self._asks = {ask.id: ask for ask in timeline.story.asks}
        self._order = [step.id for step in timeline.scenario.steps]
        self._done: set[str] = set()
        self._sent: set[str] = set()

    @property
    def channels(self) -> tuple[str, ...]:
        """What to subscribe to."""
        pushes = [step for step in self._timeline.scenario.steps if isinstance(step, PushStep)]
        return tuple(dict.fromkeys(step.push for step in pushes))

    @property
    def done(self) -> bool:
        """Whether every step has been seen."""
        return self._done.issuperset(self._order)

    @property
    def missing(self) -> list[str]:
        """Steps not seen yet, in order."""
        return [step for step in self._order if step not in self._done]

    def due(self) -> list[Ask]:
        """Requests whose turn has come, each once."""
        asks = []
        for step in self._order:
            if step in self._asks and step not in self._sent:
                self._sent.add(step)
                asks.append(self._asks[step])
            elif step not in self._done:
                break
        return asks

    def request(self, ask: Ask) -> tuple[str, str, Any]:
        """Method, path with query, and JSON body (unset when there is none) of a request."""
        path = ask.path.render(self._value)
        query = "&".join(f"{key}={render(value, self._value)}" for key, value in ask.query)
        body = msgspec.UNSET if ask.body is msgspec.UNSET else render(ask.body, self._value)
        return ask.method, f"{path}?{query}" if query else path, body

    def answered(self, ask: Ask, status: int, body: Any) -> tuple[Difference, ...]:
        """An answer has come; returns where it is not what the scenario says."""
        self._done.add(ask.id)
        reply = ask.replies[0]
        differences = []
        if status != reply.status:
            differences.append(Difference("status", reply.status, status))
        if reply.body is not msgspec.UNSET:
            differences += self._compare(reply.body, body)
        return tuple(differences)

    def event(self, channel: str, data: Any) -> tuple[str, tuple[Difference, ...]]:
        """An event has come; returns the step it is, empty if none, and where it differs from it."""
        unseen = [cue for step, cue in self._cues.items() if step not in self._done]
        found: list[tuple[int, Cue, Comparison]] = []
        for cue in unseen:
            if render(cue.channel, self._value) == channel:
                comparison = self._comparison(cue.data, data)
                found.append((len(comparison.differences), cue, comparison))
        if not found:
            return "", ()
        differing, cue, comparison = min(found, key=lambda each: each[0])
        if differing > NEAR_ENOUGH:
            return "", ()
        self._done.add(cue.id)
        self._values |= comparison.captures
        return cue.id, tuple(comparison.differences)

    def _compare(self, expected: Any, got: Any) -> list[Difference]:
        comparison = self._comparison(expected, got)
        self._values |= comparison.captures
        return comparison.differences

    def _comparison(self, expected: Any, got: Any) -> Comparison:
        comparison = Comparison(self._values)
        comparison.compare(expected, got, "data")
        moved = self._timeline.shift_fields
        comparison.differences[:] = [
            each for each in comparison.differences if each.field.rpartition(".")[2] not in moved
        ]
        return comparison

    def _value(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        variable = self._timeline.scenario.variables.get(name.rpartition(".")[2])
        recorded = None if variable is None else variable.recorded
        return readable(f"${{{name}}}") if recorded is None or recorded is msgspec.UNSET else recorded


NEAR_ENOUGH = 3
"""Fields in which an event may differ from a step and still be that step, changed."""
