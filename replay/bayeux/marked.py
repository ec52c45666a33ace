"""Events that do not go out as events do."""

from __future__ import annotations

from typing import Self


class Marked(bytes):
    """An encoded event that does not go out as events do."""

    alone: bool
    """It shares no answer with another."""
    together: bool
    """It shares a frame with its neighbours of the same kind."""
    whole: bytes
    """What goes out again if it is not acknowledged: it was broken on its way alone."""

    def __new__(
        cls, event: bytes, *, alone: bool = False, together: bool = False, whole: bytes = b""
    ) -> Self:
        """Marked so; what goes out again is the same if nothing is said of it."""
        marked = super().__new__(cls, event)
        marked.alone, marked.together, marked.whole = alone, together, whole or marked
        return marked


def is_alone(event: bytes) -> bool:
    """Whether an event shares no answer with another."""
    return type(event) is Marked and event.alone
