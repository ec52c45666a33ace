"""`garble`: JSON that is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from replay.faults.fault import Fault, Seam, Strike, Telling
from replay.wire import Answer, Effect, Send


def broken(body: bytes) -> bytes:
    """The first half of a JSON text, which is none, cut between two characters."""
    return body[: len(body) // 2].decode(errors="ignore").encode() or b"{"


class Garble(Fault):
    """JSON is cut in half: that of an answer, or of an event within the answer or the frame that brings it.

    The answer is whole HTTP, so what stands in it is lost: other events too.
    """

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    decides: ClassVar[str] = "the body"
    observed: ClassVar[str] = (
        "A body of the length announced that is no JSON: a parse error; events in it are lost."
    )

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """Half of its body."""
        return [msgspec.structs.replace(answer, body=broken(answer.body))]

    def frame(self, send: Send, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """Half of its text."""
        return [msgspec.structs.replace(send, body=broken(send.body))]

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:  # noqa: ARG002
        """Half of its JSON."""
        return [msgspec.structs.replace(telling, broken=True)]
