"""What a part wants done, and what it tells: values only."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from replay.bayeux.client import Batch, Pause


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a step."""

    number: int
    step: str
    method: str
    path: str
    """With its query."""
    body: Any
    """JSON value; unset when there is none."""
    timeout: float
    """Seconds to wait for the answer."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to count.

    `answer` and `event` have a step and seconds: from the time the request was meant to be made to its
    answer, and from the time the event was due to its coming, which is below zero where it came early and
    None where nobody can say when it was due. `chat` is a story seen to its end, with the seconds it took;
    `given up` one that was not.
    `recovery` is a session begun again. `stranger` is an event that is no step. `error` has its sort and an
    example.
    """

    kind: Literal["answer", "event", "chat", "given up", "recovery", "stranger", "error"]
    at: float
    step: str = ""
    seconds: float | None = None
    error: str = ""
    """Few words by which errors are counted together."""
    example: str = ""
    """What happened, in a sentence."""
    chat: int = 0
    """Which of the part's chats it is about; 0 for none."""


class Over(msgspec.Struct, frozen=True):
    """The session has ended; why, or empty when it was asked to."""

    why: str = ""


Action = Batch | Call | Pause | Told | Over
