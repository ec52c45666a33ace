"""Visitors of a stage in this process, whose clock is moved by hand: an hour takes seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from replay.clock import ManualClock
from replay.errors import ReplayError
from replay.server.stage import Begun, Outcome, Stage
from replay.simulator import directing
from replay.simulator.simulator import Simulator
from replay.wire import (
    Answer,
    Close,
    Cut,
    Deafen,
    Headers,
    Piece,
    Polled,
    Request,
    Send,
    SocketLost,
    SocketOpened,
    SocketText,
)
from tests.load.visitor import MOUNT, Line, Reply

BASE = "http://localhost:8090"


class StagedWorld:
    """A stage, the clock of both sides, and what has been answered and not been read yet."""

    def __init__(self, simulator: Simulator) -> None:
        self.clock = ManualClock()
        self.stage = Stage(simulator, self.clock)
        self._lines: dict[_StagedLine, None] = {}

    def advance(self, seconds: float) -> None:
        """Moves the clock on; at each stop everybody reads what has come, and says what there is to say."""
        end = self.clock.now() + seconds
        while (due := self.clock.next_due) is not None and due <= end:
            self.clock.move_to(due)
            while sum(line.read() for line in list(self._lines)):
                pass
        self.clock.move_to(end)

    def later(self, seconds: float, do: Callable[[], Any]) -> None:
        """Does something once this time has passed."""
        self.clock.call_at(self.clock.now() + seconds, do)

    def line(self) -> Line:
        """A line of its own."""
        return _StagedLine(self.stage, self._lines)

    def offer(self, user: str) -> None:
        """One more chat for somebody, if it is there."""
        try:
            self.stage.direct(lambda simulator, now: directing.offer(simulator, "", user, now))
        except ReplayError:
            # Whom a fault has kept away has never come.
            return


class _Open:
    """An exchange without its answer, or without the end of it."""

    def __init__(self, then: Callable[[Reply | None], None]) -> None:
        self.then = then
        self.outcome: Outcome | None = None
        self.head: Begun | None = None
        self.body = b""

    def take(self, outcome: Outcome) -> bool:
        """Here it is."""
        self.outcome = outcome
        return True

    def let_go(self) -> None:
        """There will be none."""

    def read(self) -> tuple[bool, Reply | None]:
        """Whether it is over, and with what."""
        if self.head is None:
            outcome = self.outcome
            if outcome is None:
                return False, None
            if isinstance(outcome, Answer):
                return True, Reply(outcome.status, _cookies(outcome.headers), outcome.body)
            if not isinstance(outcome, Begun):
                return True, None
            self.head = outcome
        head = self.head.head
        while len(self.body) < head.length and not self.head.due.empty():
            effect = self.head.due.get_nowait()
            if not isinstance(effect, Piece):
                return True, None
            self.body += effect.body
        return len(self.body) >= head.length, Reply(head.status, _cookies(head.headers), self.body)


class _StagedLine:
    def __init__(self, stage: Stage, lines: dict[_StagedLine, None]) -> None:
        self._stage = stage
        self._lines = lines
        self._open: dict[int, _Open] = {}
        self._socket: int | None = None
        self._inbox: deque[Send | Close | Cut | Deafen] = deque()
        self._heard: Callable[[bytes], None]
        self._stands: Callable[[bool], None]

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        then: Callable[[Reply | None], None],
    ) -> None:
        """A request."""
        self._lines[self] = None
        one = _Open(then)
        number = self._stage.open_exchange(one)
        self._open[number] = one
        if path == MOUNT:
            self._stage.feed(
                Polled(
                    exchange=number,
                    mount=MOUNT,
                    transport="long-polling",
                    headers=headers,
                    body=body,
                    base_url=BASE,
                )
            )
        else:
            self._stage.feed(
                Request(exchange=number, method=method, path=path, headers=headers, body=body, base_url=BASE)
            )

    def open(
        self, headers: dict[str, str], heard: Callable[[bytes], None], then: Callable[[bool], None]
    ) -> None:
        """A WebSocket."""
        self._lines[self] = None
        self._heard, self._stands = heard, then
        self._socket = number = self._stage.open_socket(self._inbox.append)
        self._stage.feed(SocketOpened(socket=number, mount=MOUNT, headers=headers, base_url=BASE))
        then(True)

    def say(self, body: bytes) -> None:
        """A frame, if the socket stands."""
        if self._socket is not None:
            self._stage.feed(SocketText(socket=self._socket, body=body))

    def close(self) -> None:
        """All connections end without a word."""
        self._lines.pop(self, None)
        opened, self._open = self._open, {}
        for number in opened:
            self._stage.lose_exchange(number)
            self._stage.close_exchange(number)
        self._lose_socket()

    def _lose_socket(self) -> None:
        self._inbox.clear()
        number, self._socket = self._socket, None
        if number is not None:
            self._stage.close_socket(number)
            self._stage.feed(SocketLost(socket=number))

    def read(self) -> bool:
        """Takes what has come; whether there was anything."""
        news = False
        for number, one in list(self._open.items()):
            over, reply = one.read()
            if over and number in self._open:
                news = True
                del self._open[number]
                self._stage.close_exchange(number)
                one.then(reply)
        while self._inbox:
            news = True
            effect = self._inbox.popleft()
            if isinstance(effect, Send):
                self._heard(effect.body)
            elif not isinstance(effect, Deafen):
                self._lose_socket()
                self._stands(False)
        return news


def _cookies(headers: Headers) -> list[str]:
    return [value for name, value in headers if name.lower() == "set-cookie"]
