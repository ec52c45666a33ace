"""Clock offsets: a client asks what time it is here (CometD ref., "timesync extension")."""

from __future__ import annotations

from replay.bayeux.client_state import Client
from replay.bayeux.extensions.extension import Extension, asked, say
from replay.bayeux.messages import Message


class Timesync(Extension):
    """`ext.timesync`: answered live, since a recorded time would be a lie."""

    def outgoing(self, client: Client, request: Message, reply: Message, wall: float) -> None:  # noqa: ARG002
        """Says the time: `tc` as the client sent it, `ts` ours, `p` the time it took, all in milliseconds."""
        sent = asked(request, "timesync")
        if isinstance(sent, dict) and isinstance(sent.get("tc"), int | float):
            say(reply, "timesync", {"tc": sent["tc"], "ts": round(wall * 1000), "p": 0})
