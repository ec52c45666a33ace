"""Puts times right that were taken by a clock which was set back while it recorded.

mitmproxy writes a flow when it is over, mitmweb saves flows in the order in which they began: either way no
flow is over before one that stands earlier in the file has begun, unless the clock went back in between. How
far is told by the flow that was over last: what follows was over later than that.

One wrong time, as in a damaged file, is no evidence: only a flow that was over after it began counts. One
that was over before it began was under way when the clock was set back, if the next that counts says that it
was.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from replay.exchange import Exchange

LEAST = 1.0
"""Seconds; less is no step, but flows that were written a little out of order."""

MOST = 3600.0
"""Seconds; more is no step, but two recordings one after the other."""

MOST_STEPS = 3
"""A file with more of them is in some other order."""


class Moved(NamedTuple):
    """How the times of one flow are put right."""

    began: float
    """When it began."""
    shift: float = 0.0
    """Seconds to add to the times after the step: all of them, or those before `began` as it was recorded."""


class _Timed(NamedTuple):
    """A flow of which both ends are known."""

    row: int
    place: int
    began: float
    ended: float


class Clock:
    """The recorder's clock, as far as it is known from the flows of a file, one after the other."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, float]] = []
        """Before which flow it was set back, and by how many seconds at least."""
        self.revised: list[tuple[int, Moved]] = []
        """Earlier rows on which the flow last looked at throws a new light."""
        self._shift = 0.0
        self._astride: list[_Timed] = []
        """The last flows, as far as they were over before they began."""
        self._began = self._ended = -math.inf

    def put_right(self, row: int, place: int, began: float, ended: float | None) -> Moved:
        """The next flow's times; when it was over is unknown of some."""
        self.revised = []
        if ended is None:
            return Moved(began + self._shift, self._shift)
        flow = _Timed(row, place, began, ended)
        if began > ended:
            self._astride.append(flow)
            return Moved(began + self._shift, self._shift)
        if self._began - (ended + self._shift) > LEAST:
            self._step([*self._astride, flow])
        self._astride = []
        self._began = max(self._began, began + self._shift)
        self._ended = max(self._ended, ended + self._shift)
        return Moved(began + self._shift, self._shift)

    def _step(self, flows: list[_Timed]) -> None:
        before = self._shift
        seconds = self._ended - before - min(each.ended for each in flows)
        if seconds > MOST:
            self._shift = 0.0
            self._began = self._ended = -math.inf
            return
        self._shift += seconds
        self.steps.append((flows[0].place, seconds))
        self.revised = [(each.row, Moved(each.began + before, self._shift)) for each in flows[:-1]]


def moved(exchange: Exchange, right: Moved) -> Exchange:
    """The exchange with its times put right."""
    early = right.began - exchange.began
    if not early and not right.shift:
        return exchange
    straddles = early != right.shift

    def at(time: float | None) -> float | None:
        if time is None:
            return None
        return time + (early if straddles and time >= exchange.began else right.shift)

    frames = exchange.frames
    if frames is not None:
        frames = tuple(msgspec.structs.replace(each, at=at(each.at)) for each in frames)
    return msgspec.structs.replace(
        exchange,
        began=right.began,
        sent=at(exchange.sent),
        answered=at(exchange.answered),
        ended=at(exchange.ended),
        frames=frames,
    )
