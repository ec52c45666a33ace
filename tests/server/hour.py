"""`python -m tests.server.hour`: an hour of story, by hand and as fast as the real clock can be made to go.

A real desktop that is told of typing every 20 s, and a window of the same user whose polls time out every
30 s. Exit code 1 when the journals differ, or when the hour by hand takes longer than `LIMIT`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import uvloop

from replay.clock import ManualClock, SystemClock
from replay.entries import Entry
from replay.plan.pace import Pace
from replay.server.runner import Server
from replay.simulator.options import Options
from replay.testing import scenario
from tests.road.software import Process, start_agent

LIMIT = 3.0
"""Seconds that an hour by hand may take."""
EVERY = 20
"""Seconds of story from one typing to the next."""
STORY = """
cometd: {path: /api/v2/notifications, timeout: 30s}
variables: {nickname: {recorded: Marat}}
steps:
  - {id: invited, push: /v2/me/chats, after: start + 1s, data: {chat: {id: c1, state: Invited}}}
  - id: accept
    request: POST /api/v2/me/chats/c1
    body: {operationName: Accept, nickname: "${nickname}"}
    respond: {after: 40ms, body: {statusCode: 0}}
  - {id: chatting, push: /v2/me/chats, after: accept + 30ms, data: {chat: {id: c1, state: Chatting}}}
"""


class Told(NamedTuple):
    """What came of a run."""

    happened: list[Any]
    """The journal, times as the story has them."""
    seconds: float
    """Of real time, that an advance by hand took."""
    exchanges: int
    """Requests that the server took."""


async def told(minutes: int, transport: str, speed: float = 0) -> Told:
    """The story with real clients; by hand unless it has a speed."""
    # A real client has until the first of them to accept, also when the story is told fast.
    times = range(60, minutes * 60 + 1, EVERY)
    typing = "  - {{id: typing-{0}, push: /v2/me/chats, after: start + {0}s, data: {0}}}\n"
    story = scenario(STORY + "".join(typing.format(time) for time in times))
    clock = None if speed else ManualClock()
    options = Options(pace=Pace(speed or 1.0))
    async with Server([story], clock=clock, options=options) as server:
        async with _desktops(server, transport, events=len(times) + 2):
            began = SystemClock().now()
            if not speed:
                await server.clock.advance(f"{minutes}m")
            seconds = SystemClock().now() - began
        journal = list(server.stage.simulator.journal)
        return Told(_as_the_story_has_it(journal, speed or 1.0), seconds, next(server.stage._numbers) - 1)


@asynccontextmanager
async def _desktops(server: Server, transport: str, events: int) -> AsyncIterator[None]:
    """A desktop that leaves after so many events, and another window of the same user that hears none."""
    flags = ("--user", "marat", "--auth-cometd", "--timeout", "120000", "--channel")
    onlooker = start_agent(server.url, flags=(*flags, "/none"))
    desktop: Process | None = None
    try:
        await asyncio.to_thread(onlooker.word, "subscribed")
        more = ("/v2/me/chats", "--expect", str(events))
        desktop = start_agent(server.url, transport=transport, flags=(*flags, *more))
        await asyncio.to_thread(desktop.word, "subscribed")
        yield
        code = await asyncio.to_thread(desktop.wait)
        assert code == 0, desktop.output
    finally:
        for process in (onlooker, desktop):
            if process is not None:
                await asyncio.to_thread(process.stop, signal.SIGTERM)


def _as_the_story_has_it(journal: list[Entry], speed: float) -> list[Any]:
    """What happened in order; events and answers with the seconds from what they follow."""
    start = max(entry.at for entry in journal if entry.kind == "subscribe")
    accepted = next(entry.at for entry in journal if entry.kind == "request")
    happened = []
    for entry in journal:
        since = accepted if entry.step in ("accept", "chatting") else start
        at = round((entry.at - since) * speed, 2) if entry.kind in ("event", "answer") else None
        happened.append((entry.kind, entry.agent, entry.play, entry.step, at, entry.detail))
    return happened


async def _main() -> int:
    figures, good = [], True
    for transport in ("long-polling", "websocket"):
        by_hand, fast = await told(60, transport), await told(60, transport, speed=360)
        good = good and by_hand.happened == fast.happened and by_hand.seconds < LIMIT
        equal = "equal" if by_hand.happened == fast.happened else "DIFFERENT"
        figures.append(
            f"{transport} {by_hand.seconds:.2f} s, {by_hand.exchanges} requests,"
            f" {len(by_hand.happened)} entries, {equal} to a real run's"
        )
    print("an hour by hand: " + "; ".join(figures))
    return int(not good)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_main()))
