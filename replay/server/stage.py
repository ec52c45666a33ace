"""Effects become bytes: inputs go to the simulator, what it returns is performed on time.

It decides nothing. Of an exchange it knows who takes the answer, and a queue once one has begun; of a socket
who takes its frames.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from replay.clock import Alarm, Clock
from replay.simulator.ending import farewell
from replay.simulator.simulator import Simulator
from replay.simulator.switching import Switching
from replay.traffic import Traffic
from replay.wire import (
    Answer,
    Begin,
    Close,
    Cut,
    Deafen,
    Effect,
    ExchangeLost,
    Forward,
    Forwarded,
    Gate,
    Input,
    Piece,
    Send,
    Wake,
    Woken,
)

if TYPE_CHECKING:
    from replay.server.routing import Route

GOING_AWAY = 1001
"""The WebSocket close code of a server that shuts down (RFC 6455, 7.4.1)."""

_FROM_INSIDE = (Woken, Forwarded)
"""Inputs that no client has sent."""
_FRAMES = (Send, Close)

T = TypeVar("T")

SocketWriter = Callable[[Send | Close | Cut | Deafen], None]


class Begun(NamedTuple):
    """An answer whose head has come, and what has come due after it."""

    head: Begin
    due: asyncio.Queue[Piece | Cut]


Outcome = Answer | Begun | Cut
"""What becomes of an exchange."""


class Waiter(Protocol):
    """Who waits for an answer."""

    def take(self, outcome: Outcome) -> bool:
        """Here it is; whether it is still waited for."""

    def let_go(self) -> None:
        """There will be none."""


class Stage:
    """One simulator on one clock."""

    def __init__(self, simulator: Simulator, clock: Clock) -> None:
        self.simulator = simulator
        self.clock = clock
        self.traffic = Traffic()
        """What has come and gone lately, for who wants it as a recording."""
        self.gatekeeper: Callable[[Gate], None] | None = None
        """Whoever takes new connections, and stops doing so when it is told."""
        self.forwarder: Callable[[Forward], None] | None = None
        """Whoever asks another server, and feeds what it says."""
        self.route: Route | None = None
        """Whoever has clients told which replica they belong to."""
        self._numbers = itertools.count(1)
        self._exchanges: dict[int, Waiter] = {}
        self._begun: dict[int, asyncio.Queue[Piece | Cut]] = {}
        self._lost: set[int] = set()
        self._sockets: dict[int, SocketWriter] = {}
        self._deaf: dict[int, SocketWriter] = {}
        self._due: list[tuple[float, int, Effect]] = []
        self._order = itertools.count()
        self._alarm: Alarm | None = None
        self._alarm_at = 0.0
        self._now = 0.0
        """When what is performed now is performed."""
        self._stopped = False
        self.heard: Callable[[Input], None] | None = None
        """Told of every input that came from outside."""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more will happen here."""
        return self._stopped

    def feed(self, happening: Input) -> None:
        """Hands an input to the simulator and performs what is due of its effects."""
        if self._stopped:
            return
        now = self.clock.now()
        # What was due before this input leaves before what it brings about, also when the alarm is late.
        if self._due and self._due[0][0] <= now:
            self._perform_due(now)
        if isinstance(happening, _FROM_INSIDE):
            self._receive(happening, now)
            self._set_alarm()
            return
        self.traffic.keep(happening, now)
        if self.route is not None:
            self.route.came(happening)
        self._receive(happening, now)
        if self._due:
            self._set_alarm()
        if self.heard is not None:
            self.heard(happening)

    def _receive(self, happening: Input, now: float) -> None:
        self._now = now
        for effect in self.simulator.receive(happening, now):
            if effect.at <= now:
                self.perform(effect)
            else:
                heapq.heappush(self._due, (effect.at, next(self._order), effect))

    def steer(self, do: Callable[[Switching, float], T]) -> T:
        """Switches rules between two inputs, and performs what that brings about."""
        return self.direct(lambda simulator, now: do(simulator.switching, now))

    def direct(self, do: Callable[[Simulator, float], T]) -> T:
        """Does something to the simulator between two inputs, and performs what that brings about."""
        self.feed(Woken())
        try:
            return do(self.simulator, self.clock.now())
        finally:
            self.feed(Woken())

    def open_exchange(self, waiter: Waiter) -> int:
        """A number for a request whose answer this one takes."""
        number = next(self._numbers)
        if self._stopped:
            waiter.let_go()
        else:
            self._exchanges[number] = waiter
        return number

    def close_exchange(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self._exchanges.pop(number, None)
        self._begun.pop(number, None)

    def lose_exchange(self, number: int) -> None:
        """The client went away before its answer, or in the middle of it."""
        if self._begun.pop(number, None) is not None:
            self._lost.add(number)
        self.feed(ExchangeLost(exchange=number))
        # Now and then, so that many that go at once are looked for in what is due a few times only.
        if len(self._lost) > len(self._begun):
            self._due = [entry for entry in self._due if not self._is_lost(entry[2])]
            heapq.heapify(self._due)
            self._lost.clear()

    def _is_lost(self, effect: Effect) -> bool:
        return isinstance(effect, Piece) and effect.exchange in self._lost

    def open_socket(self, writer: SocketWriter) -> int:
        """A number for a WebSocket whose frames `writer` takes."""
        number = next(self._numbers)
        self._sockets[number] = writer
        return number

    def close_socket(self, number: int) -> None:
        """The socket is gone."""
        self._sockets.pop(number, None)
        self._deaf.pop(number, None)

    def stop(self) -> None:
        """Answers polls, and performs nothing more; whoever else waits is let go."""
        now = self.clock.now()
        for effect in farewell(self.simulator, now) if not self._stopped else ():
            if effect.at <= now:
                self.perform(effect)
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._due.clear()
        for waiter in list(self._exchanges.values()):
            waiter.let_go()
        for number, due in self._begun.items():
            due.put_nowait(Cut(carrier=number, at=now))
        for number, writer in list(self._sockets.items()):
            writer(Close(socket=number, at=now, code=GOING_AWAY))
        for number, writer in list(self._deaf.items()):
            writer(Cut(carrier=number, at=now))

    def last_due(self, until: float) -> float | None:
        """When the last answer comes of those that are to come by this time; None if there is none."""
        answers = (at for at, _, effect in self._due if at <= until and isinstance(effect, Answer | Begin))
        return max(answers, default=None)

    def _perform_due(self, now: float) -> None:
        self._now = now
        is_woken = False
        try:
            while self._due and self._due[0][0] <= now:
                effect = heapq.heappop(self._due)[2]
                if isinstance(effect, Wake):
                    is_woken = True
                else:
                    self.perform(effect)
        finally:
            # One look at what is due serves all wakes that have come, late ones and stale ones.
            if is_woken:
                self._receive(Woken(), now)

    def perform(self, effect: Effect) -> None:
        """Does it now, whatever its time; harmless where whom it is for has gone."""
        # The two that nearly all are; the others are looked at one after another.
        if type(effect) is Answer:
            if self._resolve(effect.exchange, effect):
                self.traffic.keep(effect, self._now)
            return
        if isinstance(effect, _FRAMES):
            writer = self._sockets.get(effect.socket)
            if writer is not None:
                self.traffic.keep(effect, self._now)
                writer(effect)
            return
        match effect:
            case Wake():
                self._receive(Woken(), self.clock.now())
            case Begin():
                self._begin(effect)
            case Piece():
                self._go_on(effect)
            case Cut():
                self._cut(effect)
            case Deafen():
                self._deafen(effect)
            case Gate() | Forward():
                self._hand_on(effect)

    def _hand_on(self, effect: Gate | Forward) -> None:
        """Lets those do it whose it is."""
        if isinstance(effect, Gate):
            if self.gatekeeper is not None:
                self.gatekeeper(effect)
        elif self.forwarder is not None:
            self.forwarder(effect)
        else:
            nobody = Forwarded(exchange=effect.exchange, failure="there is no upstream to ask")
            self._receive(nobody, self.clock.now())

    def _resolve(self, exchange: int, outcome: Outcome) -> bool:
        """Whether anybody waits for it."""
        waiter = self._exchanges.pop(exchange, None)
        if self.route is not None:
            outcome = self.route.said_in(exchange, outcome)
        return waiter is not None and waiter.take(outcome)

    def _begin(self, head: Begin) -> None:
        begun = Begun(head, asyncio.Queue())
        if self._resolve(head.exchange, begun):
            self.traffic.keep(head, self._now)
            self._begun[head.exchange] = begun.due

    def _go_on(self, piece: Piece) -> None:
        due = self._begun.get(piece.exchange)
        if due is not None:
            self.traffic.keep(piece, self._now)
            due.put_nowait(piece)

    def _deafen(self, effect: Deafen) -> None:
        writer = self._sockets.pop(effect.socket, None)
        if writer is not None:
            self._deaf[effect.socket] = writer
            writer(effect)

    def _cut(self, cut: Cut) -> None:
        number = cut.carrier
        self.traffic.keep(cut, self._now)
        due = self._begun.get(number)
        writer = self._sockets.get(number) or self._deaf.get(number)
        if due is not None:
            due.put_nowait(cut)
        elif writer is not None:
            writer(cut)
        else:
            self._resolve(number, cut)

    def _set_alarm(self) -> None:
        if not self._due or self._stopped:
            return
        at = self._due[0][0]
        if self._alarm is not None:
            if self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self.clock.call_at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        try:
            self._perform_due(self.clock.now())
        finally:
            # One effect that fails must not keep those of other clients back.
            self._set_alarm()
