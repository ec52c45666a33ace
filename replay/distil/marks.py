"""Signs in headers by which requests of one person are told from another's."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from replay.exchange import Exchange
from replay.profiles.profile import user_of

SESSION_COOKIES = ("BAYEUX_BROWSER", "JSESSIONID")


def marks_of(exchange: Exchange, extra_cookie: str) -> frozenset[str]:
    """The user it names and the session cookies it carries or is given."""
    user = user_of({"authorization": exchange.request_header("Authorization")})
    found = {f"user {user}"} if user else set()
    lines = [value for name, value in exchange.request_headers if name.lower() == "cookie"]
    lines += [value for name, value in exchange.response_headers if name.lower() == "set-cookie"]
    for line in lines:
        for name, value in _cookies(line):
            if name in {*SESSION_COOKIES, extra_cookie} and value:
                found.add(f"{name} {value}")
    return frozenset(found)


def _cookies(line: str) -> list[tuple[str, str]]:
    jar = SimpleCookie()
    try:
        jar.load(line)
    except CookieError:
        return []
    return [(name, morsel.value) for name, morsel in jar.items()]
