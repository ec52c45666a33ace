"""What a user sees, as rows of Locust's statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from locust.event import EventHook

EVENT = "event"
CHAT = "chat"
COMETD = "CometD"
SESSION = "session"
NO_STEP = "(no step)"


class FailureError(Exception):
    """Something went wrong; Locust counts those together that are put alike."""

    def __init__(self, sort: str, example: str = "") -> None:
        """Args:
        sort: In few words, the same for all that go wrong alike.
        example: What happened this time, in a sentence.
        """
        super().__init__(example or sort)
        self.sort = sort

    def __repr__(self) -> str:
        """As it stands in Locust's table of failures."""
        return self.sort


class Rows:
    """One user's rows."""

    def __init__(self, request: EventHook, context: dict[str, Any]) -> None:
        """Args:
        request: Locust's `events.request`.
        context: Whatever the user's class says of itself.
        """
        self._request = request
        self._context = context

    def add(
        self,
        kind: str,
        name: str,
        seconds: float | None,
        *,
        length: int = 0,
        failure: FailureError | None = None,
    ) -> None:
        """One request, event, chat or session.

        Args:
            kind: The method of a request, or what else it is.
            name: The step's id.
            seconds: How long it took; None where nobody can say.
        """
        self._request.fire(
            request_type=kind,
            name=name,
            response_time=None if seconds is None else max(0.0, seconds * 1000),
            response_length=length,
            exception=failure,
            context=self._context,
        )
