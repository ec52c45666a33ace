"""A cookie by which a balancer sends a client to the replica that it belongs to.

It says nothing of who a client is: agents are known by other cookies, and neither the journal nor an answer
in a HAR has it. Whoever comes with that of another replica, which is gone then, gets this one's.
"""

from __future__ import annotations

import re

import msgspec

from replay.bayeux.cookies import for_page, pairs_in
from replay.errors import UsageError
from replay.server.stage import Begun, Outcome
from replay.wire import Answer, ExchangeLost, Headers, Input, Polled, Request

COOKIE = "REPLAY_ROUTE"

_NAME = re.compile(r"[A-Za-z0-9_-]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")


class Route:
    """One replica's name, put into the first answer to whoever does not carry it."""

    def __init__(self, name: str) -> None:
        """Raises:
        UsageError: no cookie, or no file of a balancer, could say it.
        """
        if not _NAME.fullmatch(name):
            advice = "It has letters, digits and '-._' in it, 64 at most: a, or replay-0."
            raise UsageError(f"'{name}' is no name of a replica", help=advice)
        self.name = name
        self._strangers: dict[int, str] = {}
        """Exchanges whose clients do not carry it, with the URL that they dialled."""

    def came(self, happening: Input) -> None:
        """A request came in, or its client went away before its answer."""
        if isinstance(happening, Request | Polled):
            if not self.carried(happening.headers.get("cookie", "")):
                self._strangers[happening.exchange] = happening.base_url
        elif isinstance(happening, ExchangeLost):
            self._strangers.pop(happening.exchange, None)

    def carried(self, header: str) -> bool:
        """Whether a `Cookie` header says that its client belongs here."""
        return COOKIE in header and (COOKIE, self.name) in pairs_in(header)

    def said_in(self, exchange: int, outcome: Outcome) -> Outcome:
        """What becomes of an exchange: an answer says so to a client that does not carry it."""
        dialled = self._strangers.pop(exchange, None)
        if dialled is None:
            return outcome
        if isinstance(outcome, Answer):
            return msgspec.structs.replace(outcome, headers=outcome.headers + self.headers(dialled))
        if isinstance(outcome, Begun):
            head = outcome.head
            return outcome._replace(
                head=msgspec.structs.replace(head, headers=head.headers + self.headers(dialled))
            )
        return outcome

    def headers(self, base_url: str) -> Headers:
        """The header that sets it."""
        return (("Set-Cookie", for_page(f"{COOKIE}={self.name}; Path=/; HttpOnly", base_url)),)
