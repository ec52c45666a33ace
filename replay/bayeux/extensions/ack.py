"""Acknowledged messages: an event is kept until the client says that it came (CometD ref., "ack extension").

    client                                    server
      | handshake ext {ack: true}               |   reply ext {ack: true}
      | connect   ext {ack: 0}                  |   events e1 e2, reply ext {ack: 1}   (kept: e1 e2 for 1)
      |   ... the answer is lost ...            |
      | connect   ext {ack: 0}                  |   events e1 e2, reply ext {ack: 2}   (kept: e1 e2 for 2)
      | connect   ext {ack: 2}                  |   held                               (kept: nothing)

Events go out with connects only, and each connect's reply has the next number, whether it brings events or
not.
"""

from __future__ import annotations

from replay.bayeux import channels
from replay.bayeux.client_state import Client
from replay.bayeux.extensions.extension import Extension, asked, say
from replay.bayeux.messages import Message


class Ack(Extension):
    """`ext.ack`."""

    def incoming(self, client: Client, request: Message, now: float) -> None:  # noqa: ARG002
        """Forgets what the client has, and queues again what it has not."""
        number = asked(request, "ack")
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if client.acknowledges and request.get("channel") == channels.CONNECT and is_number:
            client.acknowledged(number)

    def outgoing(self, client: Client, request: Message, reply: Message, wall: float) -> None:  # noqa: ARG002
        """Grants the extension; numbers the replies to connects."""
        if request.get("channel") == channels.HANDSHAKE and asked(request, "ack"):
            client.acknowledges = client.connect_only = True
            say(reply, "ack", True)
        elif client.acknowledges and request.get("channel") == channels.CONNECT:
            say(reply, "ack", client.next_batch())
