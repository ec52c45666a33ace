"""What happened to the simulator (inputs) and what it wants done, and when (effects): values only.

`now` and `at` are seconds on the clock that drives the simulator. An exchange is one HTTP request waiting for
its answer; a socket is one open WebSocket. Both are numbered by the server, never reused.

None can be part of a cycle, and very many are kept: the garbage collector is told not to look at them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Headers = tuple[tuple[str, str], ...]

FRAMING = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})
"""Headers of a connection of long ago; what is sent now is framed by the server."""


def is_empty(method: str, status: int) -> bool:
    """Whether an answer has no body whatever its head announces (RFC 9112, 6.3)."""
    return method == "HEAD" or status < 200 or status in {204, 304}


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A REST request has come in whole."""

    exchange: int
    method: str
    path: str
    """Percent-decoded, without the query."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    body: bytes = b""
    base_url: str
    """Scheme and host as the client dialled them, no path: `http://localhost:8090`."""
    target: str = ""
    """What was asked for as it stands in the request line; empty where that is not known."""


class Polled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A batch of Bayeux messages has come in on an HTTP exchange."""

    exchange: int
    mount: str
    """The CometD path it was sent to, without what a client appends."""
    transport: str
    callback: str = ""
    """The function that a page's script calls with the replies; empty where replies are plain JSON."""
    headers: Mapping[str, str] = {}
    body: bytes
    base_url: str
    target: str = ""


class SocketOpened(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A WebSocket was opened on a CometD path."""

    socket: int
    mount: str
    headers: Mapping[str, str] = {}
    base_url: str
    target: str = ""


class SocketText(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame has come in on a socket."""

    socket: int
    body: bytes


class SocketLost(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A socket was closed or broke."""

    socket: int


class ExchangeLost(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The client went away before its answer."""

    exchange: int


class Woken(msgspec.Struct, frozen=True):
    """A moment asked for by `Wake` has come; harmless when nothing is due any more."""


class Forwarded(msgspec.Struct, frozen=True, kw_only=True):
    """Another server has answered a request that was forwarded to it, or has not."""

    exchange: int
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    failure: str = ""
    """Why there is no answer, without the full stop; empty where there is one."""


Input = Request | Polled | SocketOpened | SocketText | SocketLost | ExchangeLost | Forwarded | Woken


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Finish an exchange with a whole answer."""

    exchange: int
    at: float
    status: int = 200
    headers: Headers = ()
    body: bytes = b""


class Send(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Send one text frame."""

    socket: int
    at: float
    body: bytes
    answers: tuple[str, ...] = ()
    """Marks of the Bayeux messages that it replies to."""


class Begin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Send the head of an answer; its body follows in pieces, and with the last byte it is finished."""

    exchange: int
    at: float
    status: int = 200
    headers: Headers = ()
    length: int
    """Bytes of body that the head announces; more than come when a `Cut` ends it early."""


class Piece(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Send some of the body of an answer that has begun."""

    exchange: int
    at: float
    body: bytes


class Cut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """End the connection of an exchange or a socket without a word."""

    carrier: int
    at: float
    reset: bool = True
    """With RST, which the client sees as ECONNRESET; else with FIN, as at the end of a stream."""


class Deafen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Leave a socket open, and neither heed what comes on it nor send anything on it any more."""

    socket: int
    at: float


class Gate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Reset every new connection from now on, or take them again."""

    at: float
    opens: bool
    cut: bool = False
    """Connections that stand are reset too."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The play in which a request was made that no step is."""

    place: int = 0
    """Which of the scenarios served it is a play of."""
    role: str = ""
    """Of who asked; empty where its steps name nobody."""
    names: Mapping[str, str] = {}
    """Variables, by the ids made for them."""
    counters: Mapping[int, str] = {}
    """Variables, by the numbers counted for them."""
    shift: float = 0.0
    """Seconds by which recorded times are moved in it."""


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """Ask another server; `Forwarded` brings what it says."""

    exchange: int
    at: float
    request: Request
    """Without what is this server's own: its cookies, and what was said to it alone."""
    setting: Setting


class Close(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Close a socket in good order."""

    socket: int
    at: float
    code: int = 1000
    reason: str = ""


class Wake(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Come back with `Woken` at this time."""

    at: float


Effect = Answer | Begin | Piece | Send | Close | Cut | Deafen | Gate | Forward | Wake
