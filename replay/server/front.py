"""The quick way in: plain requests are taken apart, answered and written without aiohttp's stack.

A connection begins here. As long as what comes on it is a plain request (`plain.py`), it is fed to the stage
as it is and its answer is written as ready bytes (`heads.py`). At the first request that is anything else the
connection is handed to aiohttp with all that has come, for good: no request is refused here, none is answered
in words of its own. Without httptools, and with `replay serve --no-front`, all connections are aiohttp's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from replay.server import plain
from replay.server.connections import cut
from replay.server.heads import Heads
from replay.server.plain import MOST_BODY, MOST_HEAD, Fields, Line, Reader, Ways
from replay.server.pressure import Pressure
from replay.server.stage import Begun, Outcome, Stage
from replay.wire import Answer, Cut, Polled, Request, is_empty

if TYPE_CHECKING:
    from collections.abc import Callable

TICK = 5.0
"""Seconds between two looks for connections that have been idle too long."""


class Fronts:
    """All connections of one port that are plain so far."""

    def __init__(
        self,
        stage: Stage,
        ways: Ways,
        *,
        otherwise: Callable[[], asyncio.Protocol],
        pressure: Pressure,
        keepalive: float,
    ) -> None:
        """None yet.

        Args:
            otherwise: Makes what takes a connection that is not plain.
            pressure: Told of clients that do not read what they are sent.
            keepalive: Seconds for which one may be idle.
        """
        self.stage = stage
        self.reader = Reader(stage, ways)
        self.heads = Heads()
        self.otherwise = otherwise
        self.pressure = pressure
        self.open: set[Front] = set()
        self.tick = 0
        """Looks for idle connections so far."""
        self.is_closing = False
        self._most_ticks = max(1, round(keepalive / TICK))
        self._looks: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None

    def __call__(self) -> asyncio.Protocol:
        """One more connection."""
        return Front(self) if plain.HAS_PARSER else self.otherwise()

    def joins(self, front: Front) -> None:
        """A connection stands."""
        self.open.add(front)
        if self._looks is None:
            self._looks = asyncio.get_running_loop().call_later(TICK, self._look)

    def leaves(self, front: Front) -> None:
        """It has ended, or is aiohttp's now."""
        self.open.discard(front)
        if self._empty is not None and not self.open and not self._empty.done():
            self._empty.set_result(None)

    def _look(self) -> None:
        self.tick += 1
        self._looks = asyncio.get_running_loop().call_later(TICK, self._look) if self.open else None
        for front in [each for each in self.open if self.tick - each.since > self._most_ticks]:
            # Who does not read is `pressure`'s.
            if not front.is_full:
                front.close_if_idle()

    def reset(self) -> None:
        """Ends all connections with RST."""
        for front in list(self.open):
            front.cut(with_reset=True)

    def close_idle(self) -> None:
        """From now on a connection ends when its answer has gone out, and now if it waits for none."""
        self.is_closing = True
        for front in list(self.open):
            front.close_if_idle()

    async def shut(self, within: float) -> None:
        """Ends all connections; answers under way get so many seconds."""
        self.close_idle()
        if self.open:
            self._empty = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(within):
                    await self._empty
            except TimeoutError:
                for front in list(self.open):
                    front.give_up()
        if self._looks is not None:
            self._looks.cancel()
            self._looks = None


class Front(asyncio.Protocol):
    """One connection: one plain request after another."""

    __slots__ = (
        "_block",
        "_buffer",
        "_fields",
        "_house",
        "_method",
        "_number",
        "_pieces",
        "_transport",
        "is_full",
        "since",
    )

    def __init__(self, house: Fronts) -> None:
        self._house = house
        self._transport: asyncio.Transport
        self._buffer = b""
        """What has come and is not taken apart yet."""
        # Of the request before: all that a client asks has the same fields.
        self._block = b""
        self._fields: Fields | None = None
        self._number = 0
        """The exchange that waits for its answer."""
        self._method = ""
        self.is_full = False
        """Whether the client takes nothing in at present."""
        self._pieces: asyncio.Task[None] | None = None
        self.since = house.tick
        """When it was last at work."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        self._house.joins(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's words
        """The client has gone, or was let go."""
        self._house.leaves(self)
        self._buffer = b""
        number, self._number = self._number, 0
        if number:
            self._house.stage.lose_exchange(number)
            self._house.stage.close_exchange(number)
        if self._pieces is not None:
            self._pieces.cancel()

    def pause_writing(self) -> None:
        """No more requests are taken on while answers pile up."""
        self.is_full = True
        self._house.pressure.paused(self._transport)

    def resume_writing(self) -> None:
        """The client has taken in what there was."""
        self.is_full = False
        self.since = self._house.tick
        self._house.pressure.resumed(self._transport)
        if not self._number:
            self._next()

    def data_received(self, data: bytes) -> None:
        """Some of a request has come, or more than one."""
        if self._buffer:
            data = self._buffer + data
        self._buffer = data
        if self._number or self.is_full:
            if len(data) > MOST_BODY:
                # What a client sends ahead of its answers stays with the kernel.
                self._transport.pause_reading()
            return
        self._go_on()

    def _go_on(self) -> None:
        """Takes on the next that has come in whole; others get their turn before the one behind it."""
        data = self._buffer
        if not data or self._number or self.is_full:
            return
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 and len(data) <= MOST_HEAD:
            self.since = self._house.tick
            return
        fields = self._fields_of(data, end) if 4 <= end <= MOST_HEAD else None
        line = self._line_of(data, fields) if fields is not None else None
        if fields is None or line is None:
            self._hand_over()
            return
        whole = end + fields.length
        if len(data) < whole:
            self.since = self._house.tick
            return
        self._buffer = data[whole:]
        self._ask(line, fields, data[end:whole])

    def _fields_of(self, data: bytes, end: int) -> Fields | None:
        """The header fields; None when they are not a plain request's."""
        block = data[data.find(b"\r\n") : end]
        if block != self._block:
            self._block, self._fields = block, self._house.reader.fields_of(block, data[:end])
        return self._fields

    def _line_of(self, data: bytes, fields: Fields) -> Line | None:
        """The request line; None when it is not a plain request's."""
        line = self._house.reader.line_of(data[: data.find(b"\r\n")])
        if line is None or line.mount is None:
            return line
        takes = line.method == "POST" and not fields.is_form
        mounts = self._house.stage.simulator.mounts
        return line if takes and "long-polling" in mounts[line.mount].connection_types else None

    def _ask(self, line: Line, fields: Fields, body: bytes) -> None:
        stage = self._house.stage
        number = stage.open_exchange(self)
        if stage.is_stopped:
            self._transport.close()
            return
        self._number, self._method = number, line.method
        if line.mount is None:
            stage.feed(
                Request(
                    exchange=number,
                    method=line.method,
                    path=line.path,
                    query=line.query,
                    headers=fields.headers,
                    body=body,
                    base_url=fields.base_url,
                    target=line.target,
                )
            )
            return
        stage.feed(
            Polled(
                exchange=number,
                mount=line.mount,
                transport="long-polling",
                headers=fields.headers,
                body=body,
                base_url=fields.base_url,
                target=line.target,
            )
        )

    def take(self, outcome: Outcome) -> bool:
        """The answer; whether anybody waits for it."""
        if self._transport.is_closing():
            return False
        if isinstance(outcome, Answer):
            body = outcome.body
            if is_empty(self._method, outcome.status):
                body = b""
                head = self._house.heads.of(outcome.status, outcome.headers, None)
            else:
                head = self._house.heads.of(outcome.status, outcome.headers, len(body))
            self._transport.write(head + body)
            self._over()
        elif isinstance(outcome, Begun):
            self._pieces = asyncio.get_running_loop().create_task(self._in_pieces(outcome))
        else:
            self.cut(with_reset=outcome.reset)
        return True

    def let_go(self) -> None:
        """There will be no answer."""
        self._number = 0
        self._transport.close()

    def _over(self) -> None:
        """An answer has gone out."""
        self._number = 0
        self.since = self._house.tick
        if self._house.is_closing:
            self._transport.close()
        elif self._buffer:
            # In a turn of its own: what is performed now may be another client's.
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._go_on()

    async def _in_pieces(self, begun: Begun) -> None:
        head, stage = begun.head, self._house.stage
        length = None if is_empty(self._method, head.status) else head.length
        self._transport.write(self._house.heads.of(head.status, head.headers, length))
        missing, ends = length or 0, None
        while missing > 0 and ends is None:
            effect = await begun.due.get()
            if isinstance(effect, Cut):
                ends = effect
            else:
                self._transport.write(effect.body)
                missing -= len(effect.body)
        stage.close_exchange(self._number)
        self._number, self._pieces = 0, None
        if ends is not None:
            self.cut(with_reset=ends.reset)
        else:
            self._over()

    def cut(self, *, with_reset: bool) -> None:
        """Ends the connection without a word; with FIN behind what was written, unless with RST."""
        self._buffer = b""
        cut(self._transport, with_reset=with_reset)

    def give_up(self) -> None:
        """Ends the connection, also if its client has not read what was written."""
        self.cut(with_reset=False)
        self._transport.abort()

    def close_if_idle(self) -> None:
        """Ends the connection if nobody waits for an answer on it."""
        if not self._number:
            self._transport.close()

    def _hand_over(self) -> None:
        """It is aiohttp's from here on."""
        data, self._buffer = self._buffer, b""
        self._house.leaves(self)
        if self._house.is_closing:
            self._transport.close()
            return
        heir = self._house.otherwise()
        self._transport.set_protocol(heir)
        heir.connection_made(self._transport)
        if self.is_full:
            heir.pause_writing()
        self._transport.resume_reading()
        heir.data_received(data)
