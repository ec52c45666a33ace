"""`truncate`: an answer ends before its Content-Length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike
from replay.faults.settings import share_of
from replay.wire import Answer, Begin, Cut, Effect, Piece


class Truncate(Fault):
    """An answer ends short of its Content-Length, and its connection with it."""

    size: int | str = msgspec.field(default="50%", name="bytes")
    """How much of the body comes: a number of bytes, or a share of it."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "meta"})
    http: ClassVar[bool] = True
    decides: ClassVar[str] = "the body"
    observed: ClassVar[str] = "A body shorter than its Content-Length: a content-length error."

    def __post_init__(self) -> None:
        share_of(self.size, 1)

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """The head, some of the body, the end."""
        exchange, at = answer.exchange, answer.at
        # A body of nothing is announced as one byte, or nobody could see that it is short.
        length = max(len(answer.body), 1)
        some = answer.body[: share_of(self.size, len(answer.body))]
        return [
            Begin(exchange=exchange, at=at, status=answer.status, headers=answer.headers, length=length),
            *([Piece(exchange=exchange, at=at, body=some)] if some else []),
            Cut(carrier=exchange, at=at, reset=False),
        ]
