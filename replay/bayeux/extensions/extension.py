"""What an extension may do: look at what comes in, add to what goes out."""

from __future__ import annotations

from typing import Any

from replay.bayeux.client_state import Client
from replay.bayeux.messages import Message


class Extension:
    """Does nothing; each extension overrides what it needs."""

    unasked = False
    """Whether it has to do with messages without `ext` of clients that do not acknowledge."""

    def incoming(self, client: Client, request: Message, now: float) -> None:
        """A message of this client has come in, before it is handled."""

    def outgoing(self, client: Client, request: Message, reply: Message, wall: float) -> None:
        """A reply to this client is about to go out, for good.

        Args:
            wall: Seconds since 1970.
        """


def asked(message: Message, name: str) -> Any:
    """What a message's `ext` says under a name; None when nothing."""
    ext = message.get("ext")
    return ext.get(name) if isinstance(ext, dict) else None


def say(reply: Message, name: str, value: Any) -> None:
    """Puts something under a name of the reply's `ext`."""
    ext = reply.setdefault("ext", {})
    ext[name] = value
