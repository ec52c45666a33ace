"""Signs in headers by which requests of one person are told from another's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.bayeux.cookies import pairs_in
from replay.exchange import Exchange
from replay.profiles.profile import basic_user

SESSION_COOKIES = ("BAYEUX_BROWSER", "JSESSIONID")

_ENDS_NOW = re.compile(r"max-age\s*=\s*(0|-\d+)\s*(;|$)", re.IGNORECASE)


def marks_of(exchange: Exchange, session_cookie: str) -> frozenset[str]:
    """The user it names and the session cookies it carries or is given."""
    credentials = exchange.request_header("Authorization").strip()
    user = basic_user(credentials)
    found = {f"user {user}" if user else f"credentials {credentials}"} if credentials else set()
    for name, value in _cookies(exchange):
        if name in {*SESSION_COOKIES, session_cookie} and value:
            found.add(f"{name} {value}")
    return frozenset(found)


def _cookies(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for name, value in exchange.request_headers:
        if name.lower() == "cookie":
            yield from pairs_in(value)
    for name, value in exchange.response_headers:
        if name.lower() == "set-cookie" and not _ENDS_NOW.search(value):
            yield from pairs_in(value.partition(";")[0])
