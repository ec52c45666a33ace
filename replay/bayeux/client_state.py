"""One Bayeux client as the server knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay.bayeux.channels import SERVICE, covers
from replay.bayeux.marked import Marked, is_alone
from replay.bayeux.messages import Message
from replay.bayeux.settings import Settings
from replay.bayeux.states import TRANSITIONS, Happening, Hold, State

if TYPE_CHECKING:
    from replay.bayeux.extensions.extension import Extension


COUNTED = 16
"""Events whose bytes are not worth counting."""


class Client:
    """A clientId: its subscriptions, its undelivered events, and the connect that waits."""

    __slots__ = (
        "_batch",
        "_unacknowledged",
        "acknowledges",
        "advise",
        "base_url",
        "browser",
        "connect_only",
        "hold",
        "id",
        "in_batch",
        "number",
        "polled",
        "queue",
        "settings",
        "silent_until",
        "socket",
        "state",
        "subscriptions",
        "transport",
        "watched",
    )

    def __init__(self, client_id: str, *, base_url: str, settings: Settings) -> None:
        self.id = client_id
        self.number = 0
        """Which it is of those that belong together, as whoever listens counts them."""
        self.base_url = base_url
        """The server as this client dialled it."""
        self.settings = settings
        self.socket: int | None = None
        """The WebSocket it speaks on; None while it polls."""
        self.transport = ""
        """The connection type that its latest connect came by, where that was HTTP."""
        self.polled: bool | None = None
        """Whether its last connect came by HTTP; None before its first."""
        self.state = State.NEW
        self.hold: Hold | None = None
        self.silent_until = 0.0
        self.watched: float | None = None
        """Where its entry stands among the due ones."""
        self.subscriptions: tuple[str, ...] = ()
        """Patterns, each once, in the order they came."""
        self.queue: list[bytes] = []
        """Encoded events not handed to any carrier yet."""
        self.in_batch = False
        """While its own batch is processed, events must not release its hold."""
        self.advise = False
        """The next connect tells it the times again."""
        self.browser = ""
        """The browser cookie it shook hands with."""
        self.connect_only = settings.connect_only
        """Events go out with the answers to connects, and with nothing else (`metaConnectDeliverOnly`)."""
        self.acknowledges = False
        """It negotiated the acknowledgement extension."""
        self._batch = 0
        self._unacknowledged: list[tuple[int, bytes]] = []

    def __repr__(self) -> str:
        return f"<Client {self.id} {self.state.value}, {len(self.queue)} queued, {list(self.subscriptions)}>"

    def happens(self, happening: Happening) -> None:
        """Moves to the next state; a move the table does not have is a defect of the engine."""
        self.state = TRANSITIONS[self.state][happening]

    def hears(self, channel: str) -> bool:
        """Whether an event of this channel is for this client."""
        # What a service says goes to a session that never subscribed (CometD ref., "service channels").
        if channel in self.subscriptions or channel.startswith(SERVICE):
            return True
        for pattern in self.subscriptions:  # noqa: SIM110  done for every event
            if covers(pattern, channel):
                return True
        return False

    def heeding(self, message: Message) -> tuple[Extension, ...]:
        """The extensions that have to do with a message of this client."""
        settings = self.settings
        return settings.extensions if self.acknowledges or "ext" in message else settings.unasked

    def take(self) -> list[bytes]:
        """All that is queued, or what may go out with it. What it brings is kept until acknowledged."""
        events = self._next()
        if self.acknowledges:
            self._unacknowledged.extend(
                (self._batch, event.whole if isinstance(event, Marked) else event) for event in events
            )
        return events

    def _next(self) -> list[bytes]:
        events = self.queue
        has_frames = self.socket is not None and not self.connect_only
        if has_frames or len(events) < 2 or not any(map(is_alone, events)):
            self.queue = []
            return events
        alone = next(at for at, event in enumerate(events) if is_alone(event))
        # Up to it, or it by itself.
        self.queue = events[max(alone, 1) :]
        return events[: max(alone, 1)]

    @property
    def pending(self) -> int:
        """Events that it has not received, or not said to have received."""
        return len(self.queue) + len(self._unacknowledged)

    def overflow(self) -> str:
        """What more than which waits for it; empty while there is room for one more event.

        Bytes are counted now and then, whenever there are twice as many events: each time would be dear.
        """
        waiting, settings = len(self.queue), self.settings
        if waiting + len(self._unacknowledged) >= settings.queue_limit:
            return f"{settings.queue_limit} events"
        is_counted = waiting >= COUNTED and not waiting & (waiting - 1)
        if is_counted and sum(map(len, self.queue)) >= settings.queue_bytes:
            return f"{settings.queue_bytes >> 20} MB"
        return ""

    def next_batch(self) -> int:
        """The number of the connect's reply that goes out now."""
        self._batch += 1
        return self._batch

    def unheard(self, connect: Message) -> None:
        """The acknowledgement of a connect counts as the one before it."""
        ext = connect.get("ext")
        number = ext.get("ack") if isinstance(ext, dict) else None
        if isinstance(ext, dict) and isinstance(number, int) and not isinstance(number, bool):
            connect["ext"] = {**ext, "ack": number - 1}

    def acknowledged(self, number: int | float) -> None:
        """All up to this reply has come; what went out later was lost and goes out again."""
        # An int by itself too: a float that is compiled is one of C, and a client's number may be larger.
        lost = [event for batch, event in self._unacknowledged if batch > number]
        self._unacknowledged.clear()
        self.queue[:0] = lost

    def expect_back(self, now: float) -> None:
        """Silence, of interval + max_interval, is counted from now on."""
        self.silent_until = now + self.settings.interval + self.settings.max_interval

    @property
    def due(self) -> float:
        """When something happens to it if nobody stirs."""
        return self.hold.deadline if self.hold is not None else self.silent_until
