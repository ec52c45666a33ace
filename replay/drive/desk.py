"""The shell around one agent of many: it owns the sockets of a `Part`, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from replay.bayeux.client import Batch, Pause
from replay.bayeux.messages import MalformedError, Message, decode
from replay.clock import Alarm, Clock
from replay.drive.access import Access
from replay.drive.actions import Action, Call, Over, Told
from replay.drive.carriers import Carrier, Polls, Trouble
from replay.drive.chats import Chat
from replay.drive.http import Http, in_words
from replay.drive.part import Part
from replay.drive.reopening import Reopening
from replay.drive.unfit import unfit_cometd

NO_CONNECTION, LOST, LATE, UNREADABLE = (
    "no connection",
    "lost connection",
    "no answer in time",
    "unreadable answer",
)
"""Sorts of errors."""


class Desk:
    """One agent's."""

    def __init__(
        self,
        part: Part,
        http: Http,
        target: str,
        cometd: str,
        access: Access,
        *,
        transport: str,
        clock: Clock,
        tell: Callable[[Told], None],
        moved: Callable[[bool], None],
        heard: Callable[[], None],
        unfit: Callable[[str], None],
        own_lateness: Callable[[float], None],
    ) -> None:
        """Nothing is open yet.

        Args:
            target: Where the server is.
            cometd: The path of its CometD.
            access: With what the agent comes.
            tell: Takes each figure.
            moved: Is called after each look, with whether there was anything to do.
            heard: Is called when the server has said anything.
            unfit: Is told why there is no CometD for this agent.
            own_lateness: Takes by how many seconds our own timers were late.
        """
        self.part = part
        self.heard = False
        """Whether the server has said anything to it."""
        self.over: Over | None = None
        self._http = http
        self._access, self._cometd, self._unfit = access, cometd, unfit
        self._target = target
        self._clock = clock
        self._tell, self._moved, self._hears, self._own_lateness = tell, moved, heard, own_lateness
        carrier = Reopening if transport == "websocket" else Polls
        self._carrier: Carrier = carrier(http, target + cometd, self._received, self._failed)
        self._alarm: Alarm | None = None
        self._until = 0.0
        self._calls: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Sits down and begins."""
        self.perform(self.part.start(self._clock.now()))

    def begin(self, chat: Chat, meant: float | None = None) -> None:
        """One more chat."""
        self.perform(self.part.begin(self._clock.now(), chat, meant=meant))

    def wake(self) -> None:
        """Something may be due."""
        self.perform(self.part.wake(self._clock.now()))

    def leave(self) -> None:
        """Says goodbye."""
        self.perform(self.part.leave(self._clock.now()))

    async def close(self) -> None:
        """Ends what is under way, and its connections."""
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._carrier.close()
        await self._http.close()

    def perform(self, actions: list[Action]) -> None:
        """Does what its part wants done."""
        for action in actions:
            match action:
                case Batch():
                    self._carrier.send(action)
                case Call():
                    task = asyncio.get_running_loop().create_task(self._call(action))
                    self._calls.add(task)
                    task.add_done_callback(self._calls.discard)
                case Pause():
                    self._pause(action.at)
                case Told():
                    self._tell(action)
                case Over():
                    self.over = action
        self._moved(bool(actions))

    def _pause(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._until = at
        self._alarm = self._clock.call_at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._own_lateness(self._clock.now() - self._until)
        self.wake()

    async def _call(self, call: Call) -> None:
        what = f"{call.method} {call.path.partition('?')[0]}"
        body = None if call.body is msgspec.UNSET else msgspec.json.encode(call.body)
        try:
            answer = await self._http.ask(call.method, self._target + call.path, body, within=call.timeout)
        except TimeoutError:
            self._unanswered(call, LATE, f"{what} was not answered within {call.timeout:g} s")
        except aiohttp.ClientError as error:
            is_refused = isinstance(error, aiohttp.ClientConnectorError)
            self._unanswered(call, NO_CONNECTION if is_refused else LOST, f"{what}: {in_words(error)}")
        else:
            self._has_heard()
            now = self._clock.now()
            self.perform(self.part.answered(call.number, answer.status, _as_json(answer.body), now))

    def _unanswered(self, call: Call, sort: str, why: str) -> None:
        self.perform(self.part.unanswered(call.number, why, self._clock.now(), sort=sort))

    def _received(self, number: int, messages: list[Message]) -> None:
        self._has_heard()
        self.perform(self.part.received(number, messages, self._clock.now()))

    def _has_heard(self) -> None:
        self.heard = True
        self._hears()

    def _failed(self, number: int, trouble: Trouble) -> None:
        now, sort = self._clock.now(), sort_of(trouble)
        if trouble.answer is not None and not self.part.ready:
            why = unfit_cometd(self._access, self._cometd, trouble.answer)
            if why:
                self._unfit(why)
        if number:
            self.perform(self.part.failed(number, trouble.why, now, sort=sort))
        else:
            self.perform(self.part.lost(trouble.why, now, sort=sort))


def sort_of(trouble: Trouble) -> str:
    """Under what a batch without a reply is counted."""
    if trouble.unreadable:
        return UNREADABLE
    if trouble.answer is not None:
        return f"CometD answered {trouble.answer.status}"
    if trouble.late:
        return LATE
    return NO_CONNECTION if trouble.lost else LOST


def _as_json(body: bytes) -> Any:
    try:
        return decode(body)
    except MalformedError:
        return body.decode("utf-8", "replace")
