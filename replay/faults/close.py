"""`close`: a connection is closed without an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from replay.faults.fault import Act, Fault, Seam, Sever, Strike
from replay.wire import Answer, Cut, Effect, Send


class Close(Fault):
    """A connection is closed without a word: that of a request, or where an event strikes, all that wait.

    The event itself stays queued, and comes with the next poll.
    """

    processed: bool = False
    """Whether what was asked is done all the same: its events come, its answer does not."""

    seams: ClassVar[frozenset[Seam]] = frozenset({"request", "event", "meta"})
    decides: ClassVar[str] = "the answer"
    observed: ClassVar[str] = "The end of the stream before anything of an answer came."

    @property
    def refuses(self) -> bool:
        """Unless it is to be done all the same."""
        return not self.processed

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """The end of its connection instead."""
        return [Cut(carrier=answer.exchange, at=answer.at, reset=False)]

    def frame(self, send: Send, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """The end of the socket instead."""
        return [Cut(carrier=send.socket, at=send.at, reset=False)]

    def acts(self, strike: Strike) -> Sequence[Act]:
        """Where an event strikes, the agent's connections end."""
        return [Sever(how="close")] if strike.seam == "event" else ()
