"""`stream`: what happens as it happens, for the page; JSON Lines without an end.

A reader that is slow is waited for, and nothing is kept for it: what the journal's window has lost meanwhile
is said to be lost.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import msgspec
from aiohttp import web

from replay import __version__
from replay.clock import ManualClock, SystemClock
from replay.entries import Entry
from replay.server.control.call import Call
from replay.server.control.route import JSON_LINES, Route, Routes
from replay.server.stage import Stage
from replay.server.turns import turn

AT_ONCE = 500
"""Entries that are encoded before others get their turn."""
LOOK = 0.05
"""Seconds of real time between two looks at the journal."""
BEAT = 1.0
"""Seconds of real time after which a word is said even if nothing happens."""


class StreamQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on, and until when."""

    since: int = 0
    """Only entries after the one of this number."""
    until: Literal["", "now"] = ""
    """`now`: ends with what there is."""


class LateSaid(msgspec.Struct, frozen=True, kw_only=True):
    """How late events and answers were, in seconds."""

    count: int
    p50: float
    p99: float
    worst: float


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """How the whole stands."""

    run: str
    """Differs between runs; numbers of entries mean nothing beyond one."""
    version: str
    clock: Literal["real", "manual"]
    now: float
    """Seconds since the simulator began."""
    seed: int
    speed: float | str
    """Times as fast as recorded, or `max`."""
    playing: list[str]
    """Names of the scenarios."""
    total: int
    """Entries so far, also those that the window has lost."""
    first: int
    """Number of the oldest entry in the window."""
    counts: dict[str, int]
    """Entries so far, by kind."""
    agents: int
    late: LateSaid


class StreamLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, which has one of these."""

    entries: list[Entry] = []
    """What happened, oldest first."""
    gap: int = 0
    """So many entries were lost before those that follow."""
    beat: Beat | None = None


async def _stream(call: Call) -> web.StreamResponse:
    wanted: StreamQuery = call.query
    response = web.StreamResponse(
        headers={"Content-Type": f"{JSON_LINES}; charset=utf-8", "Cache-Control": "no-store"}
    )
    await response.prepare(call.request)
    await _Telling(call.stage, response, wanted.since).tell(only_now=wanted.until == "now")
    return response


class _Telling:
    """One reader, and how far it has come."""

    def __init__(self, stage: Stage, response: web.StreamResponse, since: int) -> None:
        self._stage = stage
        self._journal = stage.simulator.journal
        self._response = response
        self._real = SystemClock()
        self._encoder = msgspec.json.Encoder()
        # Whoever comes from another run has read what there was not.
        self._read = max(0, since) if since <= self._journal.total else 0

    async def tell(self, *, only_now: bool) -> None:
        """Tells on until the server stops."""
        now, beat_at = -1.0, 0.0
        while not self._stage.is_stopped:
            moved = isinstance(self._stage.clock, ManualClock) and self._stage.clock.now() != now
            if moved or self._real.now() >= beat_at:
                now, beat_at = self._stage.clock.now(), self._real.now() + BEAT
                await self._say(StreamLine(beat=_beat(self._stage)))
            if await self._catch_up():
                await turn()
            elif only_now:
                return
            else:
                await self._pause()

    async def _catch_up(self) -> bool:
        """Tells what is new, so much at a time; whether there is more."""
        journal = self._journal
        if self._read > journal.total:
            self._read = 0
        lost = journal.first - 1 - self._read
        if lost > 0:
            self._read += lost
            await self._say(StreamLine(gap=lost))
        entries = journal.after(self._read, AT_ONCE)
        if entries:
            self._read = entries[-1].number
            await self._say(StreamLine(entries=entries))
        return len(entries) == AT_ONCE

    async def _say(self, line: StreamLine) -> None:
        await self._response.write(self._encoder.encode(line) + b"\n")

    async def _pause(self) -> None:
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        alarm = self._real.call_at(self._real.now() + LOOK, lambda: _let_go(passed))
        try:
            await passed
        finally:
            alarm.cancel()


def _let_go(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _beat(stage: Stage) -> Beat:
    simulator = stage.simulator
    journal, late, options = simulator.journal, simulator.lateness, simulator.options
    speed: Any = options.pace.speed
    return Beat(
        run=f"{options.epoch:.6f}",
        version=__version__,
        clock="manual" if isinstance(stage.clock, ManualClock) else "real",
        now=round(simulator.since_start(stage.clock.now()), 6),
        seed=options.seed,
        speed=speed if speed is not None else "max",
        playing=[scenario.name for scenario in simulator.scenarios],
        total=journal.total,
        first=journal.first,
        counts=dict(journal.counts),
        agents=len(simulator.agents.all),
        late=LateSaid(count=late.count, p50=late.p50, p99=late.p99, worst=late.worst),
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="stream",
        handler=_stream,
        about="What happens, as it happens: batches of entries, and once a second how the whole stands.",
        query=StreamQuery,
        answer=StreamLine,
        content=(JSON_LINES,),
    ),
)
