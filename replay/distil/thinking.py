"""How long a person took before each request: from the last thing above it that was seen, to the request."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from replay.distil.sightings import Call, Event
from replay.scenario.durations import format_duration
from replay.scenario.model import PushStep, RequestStep

LEAST = 0.2
"""Seconds; whoever asks sooner is a program that asks by itself."""


def think(requests: Iterable[tuple[Call, RequestStep]], pushes: Iterable[tuple[Event, PushStep]]) -> None:
    """Says of each request how long was thought before it; where nothing stands above it, that is unknown."""
    requests, known = list(requests), _Known()
    told = [(event.at, 0, event.at) for event, _ in pushes] + [
        (call.at, 1, call.answered_at) for call, _ in requests
    ]
    thought: dict[float, float] = {}
    for at, is_asked, seen in sorted(told):
        if is_asked:
            thought.setdefault(at, at - known.before(at))
        known.add(seen)
    for call, step in requests:
        if thought[call.at] >= LEAST:
            step.think = format_duration(round(thought[call.at], 3))


class _Known:
    """When things became known, of which some lie in the future: answers that are not there yet."""

    def __init__(self) -> None:
        self._coming: list[float] = []
        self._latest: float | None = None

    def add(self, at: float) -> None:
        heapq.heappush(self._coming, at)

    def before(self, at: float) -> float:
        """When the last thing became known before a moment; that moment if nothing did."""
        while self._coming and self._coming[0] <= at:
            self._latest = heapq.heappop(self._coming)
        return at if self._latest is None else self._latest
