"""One Bayeux client as the server knows it."""

from __future__ import annotations

from collections import deque

from replay.bayeux.channels import SERVICE, covers
from replay.bayeux.states import TRANSITIONS, Happening, Hold, State


class Client:
    """A clientId: its subscriptions, its undelivered events, and the connect that waits."""

    def __init__(self, client_id: str, *, base_url: str, silence: float) -> None:
        self.id = client_id
        self.base_url = base_url
        """The server as this client dialled it."""
        self.silence = silence
        """Seconds without a connect after which it is forgotten."""
        self.socket: int | None = None
        """The WebSocket it speaks on; None while it polls."""
        self.polled: bool | None = None
        """Whether its last connect came by HTTP; None before its first."""
        self.state = State.NEW
        self.hold: Hold | None = None
        self.silent_until = 0.0
        self.watched: float | None = None
        """Where its entry stands among the due ones."""
        self.subscriptions: dict[str, None] = {}
        self.queue: deque[bytes] = deque()
        """Encoded events not handed to any carrier yet."""
        self.in_batch = False
        """While its own batch is processed, events must not release its hold."""

    def __repr__(self) -> str:
        return f"<Client {self.id} {self.state.value}, {len(self.queue)} queued, {list(self.subscriptions)}>"

    def happens(self, happening: Happening) -> None:
        """Moves to the next state; a move the table does not have is a defect of the engine."""
        self.state = TRANSITIONS[self.state][happening]

    def hears(self, channel: str) -> bool:
        """Whether an event of this channel is for this client."""
        # What a service says goes to a session that never subscribed (CometD ref., "service channels").
        return channel.startswith(SERVICE) or any(covers(pattern, channel) for pattern in self.subscriptions)

    def take(self) -> list[bytes]:
        """All that is queued; the queue is empty then."""
        events = list(self.queue)
        self.queue.clear()
        return events

    def expect_back(self, now: float) -> None:
        """Silence is counted from now on."""
        self.silent_until = now + self.silence

    @property
    def due(self) -> float:
        """When something happens to it if nobody stirs."""
        return self.hold.deadline if self.hold is not None else self.silent_until
