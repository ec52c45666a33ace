"""Who may steer: programs on this machine, or whoever says the token; and no page of another origin.

A page that is open in a browser on this machine comes from loopback too. It is told apart by its `Origin`;
one that has had its own name resolved to loopback (DNS rebinding) by the `Host` it dials, or by the token,
which it does not know.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from replay.server.control.call import RefusedError
from replay.server.control.terms import Terms
from replay.server.requests import text_of

FOREIGN = frozenset({"cross-site", "same-site"})
"""What browsers say in `Sec-Fetch-Site` of a page of another origin."""


class Caller(NamedTuple):
    """What a call says of who makes it."""

    peer: str
    """The address it comes from."""
    host: str
    """What was dialled: `localhost:8090`."""
    scheme: str = "http"
    origin: str = ""
    site: str = ""
    authorization: str = ""


def caller_of(request: web.BaseRequest) -> Caller:
    """Who makes a call."""
    headers = request.headers
    return Caller(
        peer=request.remote or "",
        host=text_of(headers.get("Host", "")),
        scheme=request.scheme,
        origin=text_of(headers.get("Origin", "")),
        site=headers.get("Sec-Fetch-Site", ""),
        authorization=text_of(headers.get("Authorization", "")),
    )


def check(caller: Caller, terms: Terms, *, is_open: bool = False) -> None:
    """Lets a call pass.

    Args:
        is_open: It needs no token.

    Raises:
        RefusedError: it comes from where nobody may steer, or does not say the token.
    """
    if terms.token is None:
        _check_here(caller, terms.listening.lower())
    if caller.origin and caller.origin.lower() != f"{caller.scheme}://{caller.host}".lower():
        raise RefusedError(403, f"a page of {caller.origin} may not steer")
    if caller.site in FOREIGN:
        raise RefusedError(403, "a page of another origin may not steer")
    if terms.token is not None and not is_open and not terms.token.is_said_in(caller.authorization):
        what = "this is not the token" if caller.authorization else "this call needs a token"
        raise RefusedError(401, what, help="Send 'Authorization: Bearer', and what --admin-token says.")


def _check_here(caller: Caller, listening: str) -> None:
    if not _is_loopback(caller.peer):
        what = f"'{caller.peer}' is not this machine"
        raise RefusedError(403, what, help="Only programs on it may steer, unless there is an --admin-token.")
    if not _is_ours(_name_of(caller.host), listening):
        what = f"'{caller.host}' is no name of this machine that may steer"
        raise RefusedError(403, what, help="Dial localhost or 127.0.0.1.")


def _name_of(host: str) -> str:
    if "@" in host:
        # A user has no place in a Host (RFC 9110, 7.2).
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_ours(name: str, listening: str) -> bool:
    return name in {"localhost", listening} or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
