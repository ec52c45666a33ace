"""Pages of other origins: a desktop's page seldom comes from the host of its chat server.

Every origin is let in, with credentials. That is safe enough for what this is: a simulator that listens on
loopback unless told otherwise, says only what a scenario holds (personal data are replaced when it is
recorded), and has no user whose rights a page could borrow: its cookies tell plays apart and open nothing.
What steers the simulator is another matter: no page of another origin may read or call it, and none of
that comes here.

A recorded `Access-Control-*` header names the origin of long ago; the live one takes its place.
"""

from __future__ import annotations

from aiohttp import web

from replay.server.requests import text_of

METHODS = ("POST", "GET", "PUT", "DELETE", "OPTIONS", "PATCH")
MAX_AGE = 600
"""Seconds a browser need not ask again about a URL."""

_ASKED_METHOD = "Access-Control-Request-Method"
_ASKED_HEADERS = "Access-Control-Request-Headers"
_ASKED_NETWORK = "Access-Control-Request-Private-Network"
_UNEXPOSED = frozenset({"set-cookie", "set-cookie2"})


def preflight(request: web.BaseRequest) -> web.Response | None:
    """The answer to a browser that asks whether a page may send a request; None where nobody asks that."""
    asked = request.headers.get(_ASKED_METHOD, "")
    if request.method != "OPTIONS" or not asked or "Origin" not in request.headers:
        return None
    answer = web.Response(status=204)
    headers = answer.headers
    methods = METHODS if asked in METHODS else (*METHODS, text_of(asked))
    headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    headers["Access-Control-Max-Age"] = str(MAX_AGE)
    if _ASKED_HEADERS in request.headers:
        headers["Access-Control-Allow-Headers"] = text_of(request.headers[_ASKED_HEADERS])
    if request.headers.get(_ASKED_NETWORK) == "true":
        # A gadget from the contact centre's host that calls a simulator on loopback.
        headers["Access-Control-Allow-Private-Network"] = "true"
    _allow(answer, request)
    headers.add("Vary", f"{_ASKED_METHOD}, {_ASKED_HEADERS}")
    return answer


def admit(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Lets the page that asked read the answer."""
    if "Origin" not in request.headers:
        return
    headers = response.headers
    exposed = {name: None for name in headers if name.lower() not in _UNEXPOSED and not _is_ours(name)}
    for name in [name for name in headers if _is_ours(name)]:
        headers.popall(name, None)
    if exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(exposed)
    _allow(response, request)


def _allow(response: web.StreamResponse, request: web.BaseRequest) -> None:
    # With credentials a browser takes no `*` (Fetch standard, "CORS protocol and credentials").
    response.headers["Access-Control-Allow-Origin"] = text_of(request.headers["Origin"])
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers.add("Vary", "Origin")


def _is_ours(name: str) -> bool:
    return name.lower().startswith("access-control-")
