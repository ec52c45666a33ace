"""What came to an agent, held against what was due: in order, once, and for this agent. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

CHANNEL = "/v2/me/chats"
KINDS = ("StatusChange", "ParticipantsUpdated", "NewMessages")
"""What follows an Accept, in this order."""


class Chat(msgspec.Struct):
    """All that is needed of one."""

    id: str


class Data(msgspec.Struct):
    """All that is needed of an event."""

    chat: Chat
    notificationType: str  # noqa: N815  so on the wire


class Message(msgspec.Struct):
    """All that is needed of a Bayeux message."""

    channel: str
    successful: bool | None = None
    clientId: str = ""  # noqa: N815
    error: str = ""
    data: Data | None = None


decode = msgspec.json.Decoder(list[Message]).decode
"""A batch; what is not needed of it is skipped, which is most of what a load client would do."""


class Watch:
    """One agent's events."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._due: deque[tuple[str, str]] = deque()
        self.wrong: list[str] = []
        """Events that came out of order, twice, or to the wrong agent, as sentences."""

    @property
    def left(self) -> Sequence[tuple[str, str]]:
        """What is due and has not come."""
        return self._due

    def expect(self, chat: str) -> None:
        """An Accept of this chat leaves."""
        self._due.extend([(chat, kind) for kind in KINDS])

    def take(self, messages: list[Message]) -> int:
        """A batch has come; returns how many events were in it."""
        events = 0
        for message in messages:
            data = message.data
            if data is None:
                if not message.successful:
                    self.wrong.append(f"{self._agent}: {message.channel} failed: {message.error}")
                continue
            events += 1
            due = self._due.popleft() if self._due else None
            got = data.chat.id, data.notificationType
            if got != due or message.channel != CHANNEL:
                what = " ".join(due) if due else "nothing"
                self.wrong.append(f"{self._agent} got {' '.join(got)} on {message.channel}, {what} was due")
        return events
