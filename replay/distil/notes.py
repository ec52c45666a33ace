"""What of a recording did not make it into the scenario, counted and told in sentences."""

from __future__ import annotations

from collections import Counter

UNANSWERED = (
    "1 request got no whole answer in the recording; it is left out",
    "{} requests got no whole answer in the recording; they are left out",
)
RETRIED = (
    "1 request that failed and was sent again is left out",
    "{} requests that failed and were sent again are left out",
)
SOCKETS = (
    "1 address of the server's WebSocket (ws:) stands in what it says; it stays as recorded",
    "{} addresses of the server's WebSockets (ws:) stand in what it says; they stay as recorded",
)
FORGOTTEN = (
    "1 client was forgotten by the server and shook hands again; that is left out",
    "{} clients were forgotten by the server and shook hands again; that is left out",
)
UNRECORDED = (
    "1 answer was recorded without its body; it has none here",
    "{} answers were recorded without their bodies; they have none here",
)
PAGES = (
    "1 request for a page, a script or a picture is left out",
    "{} requests for pages, scripts or pictures are left out",
)
ELSEWHERE = (
    "1 request to another host is left out",
    "{} requests to other hosts are left out",
)
METHODS = (
    "1 request with a method that no scenario has is left out",
    "{} requests with methods that no scenario has are left out",
)
STATUSES = (
    "1 request was answered with a status that HTTP does not know; it is left out",
    "{} requests were answered with statuses that HTTP does not know; they are left out",
)
ADDRESSES = (
    "1 request has an address that is no URL; it is left out",
    "{} requests have addresses that are no URLs; they are left out",
)
TIMES = (
    "1 request has no time that a clock shows; it is left out",
    "{} requests have no times that a clock shows; they are left out",
)
STRAYS = (
    "1 request names no agent and no id; it is left out",
    "{} requests name no agent and no id; they are left out",
)
BODIES = (
    "1 request has a body that is not JSON; any body will do in its place",
    "{} requests have bodies that are not JSON; any body will do in their place",
)
UNPUSHABLE = (
    "1 event came on a channel that no scenario can push to; it is left out",
    "{} events came on channels that no scenario can push to; they are left out",
)
OTHERS = (
    "1 answer or event told of other stories too; it tells of this one alone here",
    "{} answers or events told of other stories too; they tell of this one alone here",
)
IDLE = (
    "1 agent took part in no story; it is left out",
    "{} agents took part in no story; they are left out",
)
UNREADABLE = (
    "1 poll reply or frame that should hold messages cannot be read; it is left out",
    "{} poll replies or frames that should hold messages cannot be read; they are left out",
)
HALVES = (
    "1 body held half a character (a lone surrogate); U+FFFD stands for it",
    "{} bodies held half a character (a lone surrogate); U+FFFD stands for each",
)
HEADERS = (
    "1 header that cannot be sent as recorded was cleaned or left out",
    "{} headers that cannot be sent as recorded were cleaned or left out",
)

Kind = tuple[str, str]


class Notes:
    """Counts of what was left aside."""

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()

    def count(self, kind: Kind, number: int = 1) -> None:
        """So many more of a kind."""
        if number:
            self._counts[kind] += number

    def add(self, others: Notes) -> None:
        """All that others counted."""
        self._counts += others._counts

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each kind that there was, in the order in which they came up."""
        return tuple(one if n == 1 else many.format(n) for (one, many), n in self._counts.items())
