"""The time on every reply (CometD ref., "timestamp extension")."""

from __future__ import annotations

from datetime import UTC, datetime

from replay.bayeux.client_state import Client
from replay.bayeux.extensions.extension import Extension
from replay.bayeux.messages import Message

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Timestamp(Extension):
    """`timestamp`, in Java's pattern `EEE MMM dd HH:mm:ss zzz yyyy`, whatever the machine's language."""

    unasked = True

    def outgoing(self, client: Client, request: Message, reply: Message, wall: float) -> None:  # noqa: ARG002
        """Adds the time."""
        at = datetime.fromtimestamp(wall, UTC)
        day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
        reply["timestamp"] = f"{day} {month} {at:%d %H:%M:%S} GMT {at.year}"
