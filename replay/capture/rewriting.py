"""Changes what travels through a reverse proxy, so that its client stays on it."""

from __future__ import annotations

import functools

from mitmproxy import ctx, http

from . import origins

DIALLED = "replay.dialled"
"""In `flow.metadata`: the origin the client dialled; present in reverse mode when URLs are rewritten."""


class Rewriter:
    """Swaps names in flows whose `DIALLED` is noted."""

    def __init__(self, origins_: origins.Origins) -> None:
        self._origins = origins_

    def to_client(self, flow: http.HTTPFlow, text: bytes) -> bytes:
        """What the client is told in place of this."""
        return self._origins.to_client(text, **_names(flow))

    def to_server(self, flow: http.HTTPFlow, text: bytes) -> bytes:
        """What the server is told in place of this."""
        return self._origins.to_server(text, **_names(flow))

    def request(self, flow: http.HTTPFlow) -> None:
        """Change a request for the server."""
        names, request = _names(flow), flow.request
        for name in ("origin", "referer"):
            for value in request.headers.get_all(name):
                request.headers[name] = _text(origins.to_upstream(_bytes(value), **names))
        if "cookie" in request.headers:
            cookies = [origins.cookies_to_server(value) for value in request.headers.get_all("cookie")]
            request.headers.set_all("cookie", cookies)
        request.path = _text(self._origins.to_server(_bytes(request.path), **names))
        body = _text_body(request)
        if body is not None and (changed := self._origins.to_server(body, **names)) != body:
            request.content = changed

    def head(self, flow: http.HTTPFlow) -> None:
        """Change the head of an answer for the client."""
        assert flow.response is not None
        names, headers = _names(flow), flow.response.headers
        for name in origins.TO_CLIENT_HEADERS:
            if name in headers:
                values = headers.get_all(name)
                told = [_text(self._origins.to_client(_bytes(value), **names)) for value in values]
                headers.set_all(name, told)
        if "set-cookie" in headers:
            secure = names["dialled"].scheme == "https"
            cookies = headers.get_all("set-cookie")
            headers.set_all("set-cookie", [origins.cookie_to_client(each, secure=secure) for each in cookies])

    def response(self, flow: http.HTTPFlow) -> None:
        """Change an answer for the client."""
        assert flow.response is not None
        self.head(flow)
        # A part of a body has to fit its Content-Range.
        body = None if flow.response.status_code == 206 else _text_body(flow.response)
        if body is not None and (changed := self._origins.to_client(body, **_names(flow))) != body:
            flow.response.content = changed


def _text_body(message: http.Message) -> bytes | None:
    """The decoded body if URLs are to be looked for in it."""
    try:
        body = message.content
    except ValueError:
        return None
    return body if body and origins.is_text(message.headers.get("content-type", ""), body) else None


def dialled(flow: http.HTTPFlow) -> origins.Origin:
    """The origin by which the client reached the proxy."""
    scheme = "https" if flow.client_conn.tls else "http"
    if ctx.options.keep_host_header and (host := flow.request.host_header):
        named = origins.parse(f"{scheme}://{host}")
        if named is not None:
            return named
    host, port = flow.client_conn.sockname[:2]
    # A link-local address names its interface too.
    return origins.Origin(scheme, host.partition("%")[0], port)


def upstream(flow: http.HTTPFlow) -> origins.Origin:
    """The origin the flow goes to."""
    return origins.Origin(flow.request.scheme, flow.request.host, flow.request.port)


_origin = functools.lru_cache(maxsize=64)(origins.parse)


def _names(flow: http.HTTPFlow) -> dict[str, origins.Origin]:
    known = _origin(flow.metadata[DIALLED])
    assert known is not None
    return {"upstream": upstream(flow), "dialled": known}


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
