"""Who plays a story together, one agent or one for each of its roles: their chats, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from replay.clock import Clock
from replay.drive.actions import Told
from replay.drive.chats import Chat
from replay.drive.desk import Desk
from replay.drive.offers import Offers

REFUSED = 1.0
"""Seconds after which a chat that was not offered is given up, and the next one begun."""


class Group:
    """Desks that share their chats."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        clock: Clock,
        chats_at_once: int,
        most_chats: int | None,
        takes_by_itself: bool,
        offers: Offers | None,
        in_turn: asyncio.Lock | None,
        tell: Callable[[Told], None],
        over: Callable[[Group], None],
    ) -> None:
        """Nobody is there yet.

        Args:
            names: Of its agents, as a server of ours calls them.
            most_chats: After which it leaves; None when it goes on.
            takes_by_itself: It begins a chat whenever one has ended; else others say when.
            offers: Whoever offers chats beyond the first; None at a server to which customers come.
            in_turn: Held while several agents are offered one chat, which others are not to join meanwhile.
            over: Is called when all of its chats are over, or its agents.
        """
        self.desks: list[Desk] = []
        self._names = names
        self._clock = clock
        self._at_once = chats_at_once
        self._most = most_chats
        self._offers = offers
        self._in_turn = in_turn
        self._tell, self._over = tell, over
        self.takes_by_itself = takes_by_itself
        self._begun = 0
        self._is_over = False
        self._moving = self._moved_again = False
        self._listening = asyncio.Event()
        self._offering: set[asyncio.Task[None]] = set()

    @property
    def chats(self) -> int:
        """Under way."""
        return max((desk.part.chats for desk in self.desks), default=0)

    @property
    def is_ready(self) -> bool:
        """Whether events can come to all of it."""
        return bool(self.desks) and all(desk.part.ready for desk in self.desks)

    @property
    def is_free(self) -> bool:
        """Whether one more chat can be begun."""
        has_quota = self._most is None or self._begun < self._most
        return self.is_ready and not self._is_over and has_quota and self.chats < self._at_once

    def begin(self, meant: float | None = None, *, is_known: bool = False) -> None:
        """One more chat: the first comes with agents, unless they are known; others have to be offered.

        Args:
            is_known: Whether the first has to be offered too.
        """
        chat = Chat()
        self._begun += 1
        is_offered = self._offers is not None and (self._begun > 1 or is_known)
        for desk in self.desks:
            desk.begin(chat, meant)
        if is_offered:
            task = asyncio.get_running_loop().create_task(self._offer(chat))
            self._offering.add(task)
            task.add_done_callback(self._offering.discard)

    async def _offer(self, chat: Chat) -> None:
        assert self._offers is not None
        await self._listening.wait()
        if self._in_turn is not None:
            async with self._in_turn:
                await self._offer_all(self._offers, chat)
        else:
            await self._offer_all(self._offers, chat)

    async def _offer_all(self, offers: Offers, chat: Chat) -> None:
        for name in self._names:
            why = await offers.offer(name)
            if why:
                self._tell(Told(kind="error", at=self._clock.now(), error="no chat offered", example=why))
                # Not at once: the next is offered then.
                pause = asyncio.Event()
                self._clock.call_at(self._clock.now() + REFUSED, pause.set)
                await pause.wait()
                chat.given_up = True
                self.wake()
                return

    def wake(self) -> None:
        """All of it look at what is due."""
        for desk in self.desks:
            desk.wake()

    def moved(self, something: bool) -> None:
        """One of its desks has done something, or looked and found nothing to do."""
        if self._moving:
            # It is this that has moved it.
            self._moved_again |= something
            return
        self._moving = True
        try:
            self._moved_again = something
            self._go_on()
        finally:
            self._moving = False

    def _go_on(self) -> None:
        if self.is_ready:
            self._listening.set()
        goes_on = True
        while goes_on:
            while self._moved_again and len(self.desks) > 1:
                self._moved_again = False
                self.wake()
            goes_on = self._begin_next()
        is_through = self._most is not None and self._begun >= self._most and self.is_ready
        if any(desk.over is not None for desk in self.desks) or (is_through and not self.chats):
            self._end()

    def _begin_next(self) -> bool:
        """Begins a chat where one has ended; whether it did."""
        if not (self.takes_by_itself and self._begun and self.is_free):
            return False
        self.begin()
        return True

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._over(self)

    def stop(self) -> None:
        """No chat begins any more, and its agents say goodbye."""
        self._is_over = True
        for desk in self.desks:
            if desk.over is None:
                desk.leave()

    async def close(self) -> None:
        """Ends what is under way."""
        self._is_over = True
        for task in self._offering:
            task.cancel()
        await asyncio.gather(*self._offering, return_exceptions=True)
        for desk in self.desks:
            await desk.close()
