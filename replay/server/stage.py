"""Effects become bytes: inputs go to the simulator, what it returns is performed on time.

It decides nothing. Exchanges are futures that the HTTP side waits on; sockets are queues that a writer
empties.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from replay.clock import Alarm, Clock
from replay.simulator.simulator import Simulator
from replay.wire import Answer, Close, Effect, Input, Send, Wake, Woken

GOING_AWAY = 1001
"""The WebSocket close code of a server that shuts down (RFC 6455, 7.4.1)."""

SocketWriter = Callable[[Send | Close], None]


class Stage:
    """One simulator on one clock."""

    def __init__(self, simulator: Simulator, clock: Clock) -> None:
        self.simulator = simulator
        self.clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._numbers = itertools.count(1)
        self._exchanges: dict[int, asyncio.Future[Answer]] = {}
        self._sockets: dict[int, SocketWriter] = {}
        self._due: list[tuple[float, int, Effect]] = []
        self._order = itertools.count()
        self._alarm: Alarm | None = None
        self._alarm_at = 0.0
        self._stopped = False

    def feed(self, happening: Input) -> None:
        """Hands an input to the simulator and performs what is due of its effects."""
        if self._stopped:
            return
        now = self.clock.now()
        # What was due before this input leaves before what it brings about, also when the alarm is late.
        self._perform_due(now)
        for effect in self.simulator.receive(happening, now):
            if effect.at <= now:
                self._perform(effect)
            else:
                heapq.heappush(self._due, (effect.at, next(self._order), effect))
        self._set_alarm()

    def open_exchange(self) -> tuple[int, asyncio.Future[Answer]]:
        """A number for a request, and what its answer will be put into."""
        number = next(self._numbers)
        # Asked for once: in Python 3.11 each time it is asked for costs a system call.
        self._loop = self._loop or asyncio.get_running_loop()
        future = self._loop.create_future()
        if self._stopped:
            future.cancel()
        self._exchanges[number] = future
        return number, future

    def close_exchange(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self._exchanges.pop(number, None)

    def open_socket(self, writer: SocketWriter) -> int:
        """A number for a WebSocket whose frames `writer` takes."""
        number = next(self._numbers)
        self._sockets[number] = writer
        return number

    def close_socket(self, number: int) -> None:
        """The socket is gone."""
        self._sockets.pop(number, None)

    def stop(self) -> None:
        """Performs nothing more; whoever waits is let go."""
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._due.clear()
        for future in self._exchanges.values():
            future.cancel()
        for number, writer in list(self._sockets.items()):
            writer(Close(socket=number, at=self.clock.now(), code=GOING_AWAY))

    def _perform_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            self._perform(heapq.heappop(self._due)[2])

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Answer():
                future = self._exchanges.pop(effect.exchange, None)
                if future is not None and not future.done():
                    future.set_result(effect)
            case Send() | Close():
                writer = self._sockets.get(effect.socket)
                if writer is not None:
                    writer(effect)
            case Wake():
                self.feed(Woken())

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
