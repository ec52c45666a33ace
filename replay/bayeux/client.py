"""A Bayeux client without a network: what to send, what came, `now` as an argument.

Duties of the caller: send each `Batch` (one HTTP POST or one frame), hand its replies to `received` or its
failure to `failed`, and call `wake` when `Pause` is over. Events may come in any batch.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from replay.bayeux import channels
from replay.bayeux.messages import Message
from replay.bayeux.replies import asked_by

BACKOFF = 1.0
"""Seconds added to the wait after each failure in a row, as cometd.js does."""

MAX_BACKOFF = 60.0
NETWORK_DELAY = 10.0
"""Seconds a reply may take beyond the time the server said it would hold it."""

LONGEST = 86_400.0
"""Seconds that a server may ask for, as an interval or a timeout: no timer takes them all."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Messages to be sent together."""

    number: int
    messages: list[Message]
    timeout: float
    """Seconds to wait for the reply."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """An event for the application."""

    channel: str
    data: Any


class Ready(msgspec.Struct, frozen=True):
    """All subscriptions are granted: events may come from now on."""


class Pause(msgspec.Struct, frozen=True):
    """Call `wake` at this time."""

    at: float


class Ended(msgspec.Struct, frozen=True):
    """Nothing more will be sent; why, or empty when it was asked to end."""

    why: str = ""


Action = Batch | Received | Ready | Pause | Ended


class Phase(enum.Enum):
    """Where the client is."""

    APART = "apart"
    """No session: before a handshake, or after the server has forgotten the client."""
    SHAKING = "shaking"
    TOGETHER = "together"
    LEAVING = "leaving"
    ENDED = "ended"


class BayeuxClient:
    """One session, kept up as the server advises."""

    def __init__(self, *, transport: str, subscriptions: tuple[str, ...], ack: bool = False) -> None:
        """One session.

        Args:
            transport: The connection type that carries its batches.
            subscriptions: What it listens to, whatever happens to the session.
            ack: Ask the server to keep events until it is told that they came.
        """
        self._transport = transport
        self._subscriptions = subscriptions
        self._subscribed = False
        self._ids = 0
        self._numbers = 0
        self._client_id = ""
        self._advice: dict[str, Any] = {"reconnect": "retry", "interval": 0, "timeout": 30_000}
        self._open: dict[int, list[Message]] = {}
        self._failures = 0
        self._wake_at: float | None = None
        self._wants_ack = ack
        self._acknowledged: int | None = None
        """Number of the last connect's reply; None where the server keeps no events."""
        self.phase = Phase.APART

    def start(self) -> list[Action]:
        """Shakes hands."""
        self.phase = Phase.SHAKING
        self._client_id = ""
        self._subscribed = False
        self._acknowledged = None
        # What an earlier session still waits for is nobody's business any more.
        self._open.clear()
        handshake: Message = {
            "channel": channels.HANDSHAKE,
            "version": "1.0",
            "minimumVersion": "1.0",
            "supportedConnectionTypes": [self._transport],
        }
        if self._wants_ack:
            handshake["ext"] = {"ack": True}
        return [self._batch(handshake)]

    def disconnect(self) -> list[Action]:
        """Says goodbye."""
        if self.phase is not Phase.TOGETHER:
            return self._end("")
        self.phase = Phase.LEAVING
        return [self._batch({"channel": channels.DISCONNECT})]

    def received(self, messages: list[Message], now: float, *, number: int = 0) -> list[Action]:
        """Messages from the server, replies and events mixed as they came.

        Args:
            number: The batch that this is the whole reply to; over a WebSocket there is no telling, so none.
        """
        actions: list[Action] = []
        for message in messages:
            if "successful" in message and ("data" not in message or _is_meta(message)):
                actions += self._reply(message, now, number)
                continue
            self._heed(message)
            if "data" in message:
                actions.append(Received(channel=str(message.get("channel")), data=message["data"]))
        return actions + self.failed(number, now)

    def failed(self, number: int, now: float) -> list[Action]:
        """A batch got no usable reply; harmless when it was answered."""
        messages = self._open.pop(number, None)
        if messages is None or self.phase is Phase.ENDED:
            return []
        if self.phase is Phase.LEAVING:
            return self._end("") if any(m["channel"] == channels.DISCONNECT for m in messages) else []
        return self._back_off(now)

    def lost(self, now: float) -> list[Action]:
        """The connection is gone, and with it every reply under way: it tries again on another one."""
        if self.phase is Phase.LEAVING:
            return self._end("")
        if self.phase in {Phase.APART, Phase.ENDED}:
            return []
        self._open.clear()
        return self._back_off(now)

    def wake(self, now: float) -> list[Action]:
        """A pause may be over."""
        if self._wake_at is None or now < self._wake_at:
            return []
        self._wake_at = None
        if self.phase in {Phase.APART, Phase.SHAKING}:
            return self.start()
        if self.phase is not Phase.TOGETHER:
            return []
        actions = self._subscribe()
        if not self._is_open(channels.CONNECT):
            actions.append(self._connect(at_once=self._failures > 0))
        return actions

    # Replies

    def _reply(self, message: Message, now: float, number: int) -> list[Action]:
        channel = message.get("channel")
        if self._is_dismissed(message):
            return self._end("" if self.phase is Phase.LEAVING else "the server ended the session")
        if not self._close(message, number):
            return []
        self._heed(message)
        if channel == channels.HANDSHAKE:
            return self._shaken(message, now)
        if channel == channels.CONNECT:
            return self._connected(message, now)
        if channel == channels.DISCONNECT:
            return self._end("")
        if channel == channels.SUBSCRIBE:
            if message["successful"]:
                self._subscribed = True
                self._failures = 0
                return [Ready()]
            if not self._is_forgotten(message):
                return self._end(f"the server refused the subscription: {message.get('error')}")
        return []

    def _is_dismissed(self, message: Message) -> bool:
        """Whether the server ends the session, or its end is answered without saying to which message."""
        is_goodbye = message.get("channel") == channels.DISCONNECT and "id" not in message
        is_ours = str(message.get("clientId", self._client_id)) == self._client_id
        return is_goodbye and is_ours and self.phase is not Phase.ENDED

    def _heed(self, message: Message) -> None:
        advice = message.get("advice")
        if isinstance(advice, dict):
            self._advice |= advice

    def _shaken(self, message: Message, now: float) -> list[Action]:
        if not message["successful"] or not message.get("clientId"):
            if self._advice.get("reconnect") == "none":
                return self._end(f"the server refused the handshake: {message.get('error')}")
            return self._back_off(now)
        self.phase = Phase.TOGETHER
        self._failures = 0
        self._client_id = str(message["clientId"])
        self._acknowledged = _granted(_ack_of(message)) if self._wants_ack else None
        return [*self._subscribe(), self._connect(at_once=True)]

    def _connected(self, message: Message, now: float) -> list[Action]:
        if self.phase is not Phase.TOGETHER:
            return []
        reconnect = self._advice.get("reconnect")
        if reconnect == "none":
            return self._end("the server told the client not to come back")
        if not message["successful"] and (reconnect == "handshake" or self._is_forgotten(message)):
            self._advice["reconnect"] = "retry"
            self.phase = Phase.APART
            return self._pause(now, self._interval)
        if not message["successful"]:
            return self._back_off(now)
        self._failures = 0
        number = _ack_of(message)
        if self._acknowledged is not None and isinstance(number, int):
            self._acknowledged = number
        return self._pause(now, self._interval) if self._interval else [self._connect()]

    @property
    def _interval(self) -> float:
        """Seconds to wait between connects (CometD ref., "advice": the wire has milliseconds)."""
        return self._advised("interval")

    def _advised(self, name: str) -> float:
        """Seconds that the server asks for; none where it says no number."""
        value = self._advice.get(name)
        if not isinstance(value, int | float):
            return 0.0
        return min(max(0.0, value), LONGEST * 1000) / 1000

    def _is_forgotten(self, message: Message) -> bool:
        return str(message.get("error", "")).startswith(("402", "401"))

    # Sending

    def _subscribe(self) -> list[Action]:
        if not self._subscriptions or self._subscribed or self._is_open(channels.SUBSCRIBE):
            return []
        wanted: Any = self._subscriptions
        subscription = wanted[0] if len(wanted) == 1 else list(wanted)
        return [self._batch({"channel": channels.SUBSCRIBE, "subscription": subscription})]

    def _connect(self, *, at_once: bool = False) -> Batch:
        connect: Message = {"channel": channels.CONNECT, "connectionType": self._transport}
        if at_once:
            connect["advice"] = {"timeout": 0}
        if self._acknowledged is not None:
            connect["ext"] = {"ack": self._acknowledged}
        return self._batch(connect, held=0.0 if at_once else self._advised("timeout"))

    def _batch(self, *messages: Message, held: float = 0.0) -> Batch:
        self._numbers += 1
        for message in messages:
            self._ids += 1
            message["id"] = str(self._ids)
            if self._client_id:
                message["clientId"] = self._client_id
        self._open[self._numbers] = list(messages)
        return Batch(number=self._numbers, messages=list(messages), timeout=held + NETWORK_DELAY)

    def _close(self, reply: Message, number: int) -> bool:
        """Whether this answers something we asked, and nobody has answered yet.

        Args:
            number: The batch whose reply it came with; 0 where that may be any.
        """
        for batch in [number] if number else list(self._open):
            messages = self._open.get(batch, [])
            asked = asked_by(reply, messages)
            if asked is not None:
                messages.remove(asked)
                if not messages:
                    del self._open[batch]
                return True
        return False

    def _is_open(self, channel: str) -> bool:
        return any(message["channel"] == channel for messages in self._open.values() for message in messages)

    def _back_off(self, now: float) -> list[Action]:
        self._failures += 1
        return self._pause(now, min(BACKOFF * self._failures, MAX_BACKOFF))

    def _pause(self, now: float, seconds: float) -> list[Action]:
        self._wake_at = now + seconds
        return [Pause(self._wake_at)]

    def _end(self, why: str) -> list[Action]:
        self.phase = Phase.ENDED
        self._wake_at = None
        self._open.clear()
        return [Ended(why)]


def _is_meta(message: Message) -> bool:
    return str(message.get("channel")).startswith(channels.META)


def _ack_of(message: Message) -> Any:
    ext = message.get("ext")
    return ext.get("ack") if isinstance(ext, dict) else None


def _granted(ack: Any) -> int | None:
    """The number to begin with, if the server has granted the extension in its older form or its newer."""
    if isinstance(ack, dict):
        batch = ack.get("batch", 0)
        return batch if ack.get("enabled") is True and isinstance(batch, int) else None
    return 0 if ack is True else None
