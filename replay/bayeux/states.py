"""What a Bayeux client is to the server, and every way it can change.

Theory of operation
-------------------
A client begins with a handshake and ends with a disconnect or with silence. In between it is always in one
of the states below; nothing else remembers where it is. Two things make a client more than a request and an
answer:

* The *hold*. A connect that finds no news waits. It is answered exactly once: by news, by its deadline, by a
  newer connect (CometD finishes the older one with HTTP 500), by a disconnect, or not at all when its
  connection broke, in which case nothing was taken from the queue for it.
* The *silence*. While no connect waits, the client is expected to come back within interval + max_interval of
  the last answer; then it is forgotten, and whatever it sends is answered with 402.

                       handshake
                           |
                           v
        connect        +--------+   silence
    +----------------->|  IDLE  |-------------+
    |   (answered)     +--------+             |
    |                    |    ^               v
    |          connect   |    | news,     +--------+
    |          (held)    v    | deadline, |  GONE  |
    |                  +--------+ lost    +--------+
    +------------------|  HELD  |             ^
       newer connect   +--------+             |
                           |    disconnect    |
                           +------------------+

The first connect of a client is answered at once, whatever its advice says (CometD's "wasConnected" rule):
clients learn the server's timeout from it. (faye holds it like any other; see `dialects`.) Over a WebSocket
news does not release a hold: events go out in frames of their own and the connect is a heartbeat only, unless
events go out with connects only (`connect_only`, acknowledgements): then they release it there too.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from replay.bayeux.channels import CONNECT
from replay.bayeux.messages import Message, decode


class State(enum.Enum):
    """Where a client is."""

    # There is one of each: their names need not be hashed every time.
    __hash__ = object.__hash__

    NEW = "new"
    """Welcomed, has not connected yet."""
    IDLE = "idle"
    """No connect waits; silence is counted."""
    HELD = "held"
    """A connect waits."""
    GONE = "gone"
    """Disconnected, swept or thrown out."""


class Happening(enum.Enum):
    """What can happen to a client."""

    __hash__ = object.__hash__

    ANSWERED = "a connect was answered"
    HOLD = "a connect begins to wait"
    RELEASED = "the waiting connect was answered"
    LOST = "the waiting connect's connection broke"
    ENDED = "disconnect, silence, or thrown out"


TRANSITIONS: dict[State, dict[Happening, State]] = {
    State.NEW: {
        Happening.ANSWERED: State.IDLE,
        Happening.HOLD: State.HELD,
        Happening.ENDED: State.GONE,
    },
    State.IDLE: {
        Happening.ANSWERED: State.IDLE,
        Happening.HOLD: State.HELD,
        Happening.ENDED: State.GONE,
    },
    State.HELD: {
        Happening.RELEASED: State.IDLE,
        Happening.LOST: State.IDLE,
        Happening.ENDED: State.GONE,
    },
    State.GONE: {},
}


class Hold(msgspec.Struct, frozen=True, gc=False):
    """A connect that waits: no more of it than its answer takes, since each client has one."""

    id: Any
    """The message's; None where it has none."""
    client: str
    ext: Any
    said: bytes
    """The reply, as JSON."""
    deadline: float
    exchange: int | None = None
    """The HTTP exchange it waits on; None on a socket."""
    socket: int | None = None

    @property
    def request(self) -> Message:
        """The connect, with what a reply to it goes by."""
        request: Message = {"channel": CONNECT, "clientId": self.client}
        if self.id is not None:
            request["id"] = self.id
        if self.ext is not None:
            request["ext"] = self.ext
        return request

    @property
    def reply(self) -> Message:
        """The reply, to be changed."""
        reply: Message = decode(self.said)
        return reply
