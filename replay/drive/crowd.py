"""Many agents against one server: who comes when, which chats begin when, and when it ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import aiohttp
import msgspec

from replay.clock import Clock, SystemClock
from replay.drive.access import Access
from replay.drive.actions import Told
from replay.drive.answer import Tokens
from replay.drive.arrivals import Arrivals
from replay.drive.burden import Burden
from replay.drive.chats import Driving
from replay.drive.desk import Desk
from replay.drive.group import Group
from replay.drive.http import SETTLING, Http
from replay.drive.offers import Offers
from replay.drive.part import Part
from replay.drive.tallies import Tallies

LEAVING = 3.0
"""Seconds the server gets to answer all goodbyes."""
SILENCE = 60.0
"""Seconds without any answer after which a server is taken to be gone, or twice the patience."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How much is driven."""

    ramp: float
    """Seconds over which agents come."""
    duration: float | None
    """Seconds after which it ends; None when each agent ends with its chats."""
    arrivals: Arrivals | None
    chats_per_agent: int
    transport: str
    seed: int


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes: an agent, or one for each role."""

    accesses: Sequence[Access]
    """With what each comes, by role."""
    names: Sequence[str]
    """What a server of ours calls them."""


class Crowd:
    """One run."""

    def __init__(
        self,
        driving: Driving,
        load: Load,
        callers: Sequence[Caller],
        tallies: Tallies,
        *,
        offers: Offers | None,
        clock: Clock | None = None,
        each_second: Callable[[], None] | None = None,
    ) -> None:
        """Nobody has come yet.

        Args:
            offers: Who offers chats beyond each agent's first; None where customers come.
            each_second: Is called twice in it.
        """
        self._driving = driving
        self._load = load
        self._callers = callers
        self.tallies = tallies
        self._offers = offers
        self._clock = clock or SystemClock()
        self._each_second = each_second or (lambda: None)
        self._looks = 0
        self._came = 0
        """Groups that have."""
        self._live: set[Group] = set()
        self._leaving: dict[Group, asyncio.Task[None]] = {}
        """Those whose chats are over, and who says goodbye for them."""
        self._waiting: deque[float] = deque()
        """When chats were to begin for which no agent was free."""
        self._stopped = asyncio.Event()
        self._in_turn = asyncio.Lock() if len(driving.timeline.roles) > 1 else None
        self.burden = Burden(self._clock, self._tick)
        self._began = self._ended = 0.0
        self._heard = 0.0
        """When anything was last said by the server."""
        self._erred = 0.0
        """When anything last failed."""
        self.why = ""
        """Why it ended before its time; empty when it did not."""
        self.lost = 0
        """Agents whose session ended."""
        self.cut_off = 0
        """Chats under way at the end."""
        self.most_waiting = 0
        """Arrivals that waited for a free agent at one time."""

    # How far it is

    @property
    def elapsed(self) -> float:
        """Seconds since it began, or that it took."""
        return (self._ended or self._clock.now()) - self._began

    @property
    def agents(self) -> int:
        """That are there."""
        return sum(len(group.desks) for group in self._live)

    @property
    def chats(self) -> int:
        """Under way."""
        return sum(group.chats for group in self._live)

    def stop(self, why: str = "") -> None:
        """Ends it; why, if that is before its time."""
        self.why = self.why or why
        self._stopped.set()

    # The run

    async def run(self) -> None:
        """From the first agent's coming to the last one's goodbye."""
        connector = aiohttp.TCPConnector(limit=0)
        self._began = self._heard = self._clock.now()
        self.burden.start()
        tasks = [asyncio.create_task(self._arrive(connector))]
        if self._load.arrivals is not None:
            tasks.append(asyncio.create_task(self._chats_arrive(self._load.arrivals)))
        end = None
        if self._load.duration is not None:
            end = self._clock.call_at(self._began + self._load.duration, self.stop)
        try:
            await self._stopped.wait()
        finally:
            if end is not None:
                end.cancel()
            for task in tasks:
                task.cancel()
            failures = await asyncio.gather(*tasks, return_exceptions=True)
            self._ended = self._clock.now()
            self.burden.stop()
            await self._leave(connector)
        for failure in failures:
            if isinstance(failure, Exception):
                raise failure

    async def _arrive(self, connector: aiohttp.TCPConnector) -> None:
        """Agents come one after another, over the ramp."""
        for place, caller in enumerate(self._callers):
            await self._until(self._began + self._load.ramp * place / len(self._callers))
            group = self._group(caller)
            self._came += 1
            self._live.add(group)
            desks = [
                self._desk(group, caller, role, connector)
                for role in range(len(self._driving.timeline.roles))
            ]
            group.desks += desks
            is_known = self._offers is not None and self._offers.knows(caller.names[0])
            group.begin(is_known=is_known or self._driving.all_offered)
            if self._in_turn is None:
                desks[0].start()
                continue
            async with self._in_turn:
                for desk in desks:
                    desk.start()
                    await self._known(desk)

    def _group(self, caller: Caller) -> Group:
        return Group(
            caller.names,
            clock=self._clock,
            chats_at_once=self._load.chats_per_agent,
            most_chats=self._load.chats_per_agent if self._load.duration is None else None,
            takes_by_itself=self._load.arrivals is None,
            offers=self._offers,
            in_turn=self._in_turn,
            tell=self._take,
            over=self._group_over,
        )

    def _desk(self, group: Group, caller: Caller, role: int, connector: aiohttp.TCPConnector) -> Desk:
        access = caller.accesses[role]
        headers = {"Authorization": access.authorization} if access.authorization else {}
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            connector=connector,
            connector_owner=False,
            headers=headers,
        )
        # Nobody learns what the server gives out: it stands in no figure, and thousands are given much.
        return Desk(
            Part(self._driving, name=caller.names[role], transport=self._load.transport, role=role),
            Http(session, access, tokens=Tokens.of(self._driving.timeline.scenario)),
            self._driving.base_url,
            self._driving.timeline.scenario.cometd.path,
            access,
            transport=self._load.transport,
            clock=self._clock,
            tell=self._take if role == 0 else self._take_of_other,
            moved=group.moved,
            heard=self._hears,
            unfit=self._is_unfit,
            own_lateness=self.burden.lateness.add,
        )

    async def _known(self, desk: Desk) -> None:
        """Roles are given in the order in which their agents come: the next is to come after this one."""
        limit = self._clock.now() + self._driving.patience
        while not desk.heard and desk.over is None and self._clock.now() < limit:
            await self._until(self._clock.now() + 0.005)

    async def _chats_arrive(self, arrivals: Arrivals) -> None:
        times = arrivals.times(self._load.seed)
        due = self._began + next(times)
        while True:
            await self._until(due)
            now = self._clock.now()
            while due <= now:
                self._waiting.append(due)
                due = self._began + next(times)
            self._seat()
            self.most_waiting = max(self.most_waiting, len(self._waiting))

    def _seat(self) -> None:
        """Chats that have come go to whoever has fewest; those for which nobody is free wait."""
        while self._waiting:
            free = min(
                (group for group in self._live if group.is_free), key=lambda group: group.chats, default=None
            )
            if free is None:
                return
            free.begin(self._waiting.popleft())

    async def _until(self, at: float) -> None:
        """Waits, and where there is nothing to wait for, lets all others have their turn."""
        due = asyncio.Event()
        if at <= self._clock.now():
            asyncio.get_running_loop().call_soon(due.set)
            await due.wait()
            return
        alarm = self._clock.call_at(at, due.set)
        try:
            await due.wait()
        finally:
            alarm.cancel()

    # What is told

    def _take(self, told: Told) -> None:
        if told.kind == "error":
            self._erred = told.at
        self.tallies.take(told, told.at - self._began)

    def _take_of_other(self, told: Told) -> None:
        """A chat is one, however many take part in it."""
        if told.kind not in {"chat", "given up"}:
            self._take(told)

    def _is_unfit(self, why: str) -> None:
        """Where nobody has been let in, nobody will be."""
        here = (desk for group in (*self._live, *self._leaving) for desk in group.desks)
        if not self.tallies.chats.count and not any(desk.part.ready for desk in here):
            self.stop(why)

    def _hears(self) -> None:
        self._heard = self._clock.now()

    def _tick(self, late: float) -> None:
        """Our own look at how things are, some times a second."""
        interval = self.tallies.series.at(self.elapsed)
        interval.own.add(late)
        interval.agents = max(interval.agents, self.agents)
        interval.chats = max(interval.chats, self.chats)
        self._seat()
        self._looks += 1
        if self._looks % 10 == 0:
            self._each_second()
        silence = max(SILENCE, 2 * self._driving.patience)
        if self._clock.now() - self._heard > silence and self._erred > self._heard:
            # A server that is silent while nothing fails holds its polls.
            self.stop(f"{self._driving.base_url} has said nothing for {silence:g} s")

    def _group_over(self, group: Group) -> None:
        if any(desk.over is not None and desk.over.why for desk in group.desks):
            self.lost += len(group.desks)
        self._live.discard(group)
        self._leaving[group] = asyncio.get_running_loop().create_task(self._see_off(group))
        if self._came == len(self._callers) and not self._live:
            self.stop("" if self._load.duration is None else "no agent was left")

    # The end

    async def _see_off(self, group: Group) -> None:
        """Says goodbye for a group, and closes what it has open."""
        group.stop()
        limit = self._clock.now() + LEAVING
        try:
            while any(desk.over is None for desk in group.desks) and self._clock.now() < limit:
                await self._until(self._clock.now() + 0.05)
        finally:
            await group.close()
            self._leaving.pop(group, None)

    async def _leave(self, connector: aiohttp.TCPConnector) -> None:
        self.cut_off = sum(group.chats for group in self._live)
        loop = asyncio.get_running_loop()
        self._leaving |= {group: loop.create_task(self._see_off(group)) for group in self._live}
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)
        await connector.close()
        if self._driving.base_url.startswith("https"):
            await self._until(self._clock.now() + SETTLING)
