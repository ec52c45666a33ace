"""`slow`: an answer comes in slices, so many bytes a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike
from replay.faults.settings import read_rate
from replay.wire import Answer, Begin, Effect, Piece

MAX_SLICES = 10_000
"""Of one answer; larger slices are sent where more would be needed."""


class Slow(Fault):
    """The body of an answer comes in slices, at so many bytes a second."""

    rate: str = "1KB/s"
    """Bytes per second: `500B/s`, `64KB/s`."""
    slice: Annotated[int, msgspec.Meta(ge=1)] = 100
    """Bytes sent at a time."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "meta"})
    http: ClassVar[bool] = True
    decides: ClassVar[str] = "the body"
    observed: ClassVar[str] = "The head at once, the body bit by bit; the whole is what it would have been."

    def __post_init__(self) -> None:
        read_rate(self.rate)

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """The head, and the body bit by bit."""
        return sliced(answer, answer.at, read_rate(self.rate), self.slice)


def sliced(answer: Answer, since: float, rate: float, size: int) -> list[Effect]:
    """An answer whose body comes at a rate, each slice once its last byte has had its time."""
    body, exchange = answer.body, answer.exchange
    size = max(size, -(-len(body) // MAX_SLICES))
    head = Begin(exchange=exchange, at=since, status=answer.status, headers=answer.headers, length=len(body))
    slices = [
        Piece(
            exchange=exchange,
            at=since + min(start + size, len(body)) / rate,
            body=body[start : start + size],
        )
        for start in range(0, len(body), size)
    ]
    return [head, *slices]
