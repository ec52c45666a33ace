"""Changes what travels through a reverse proxy, so that its client stays on it."""

from __future__ import annotations

import functools
from typing import NamedTuple

from mitmproxy import ctx, http

from . import octets, origins

DIALLED = "replay.dialled"
"""In `flow.metadata`: the origin the client dialled; present in reverse mode when URLs are rewritten."""


_TO_SERVER = frozenset((b"origin", b"referer", b"cookie"))
_TO_CLIENT = frozenset(name.encode() for name in origins.TO_CLIENT_HEADERS) | {b"set-cookie"}
_CACHED = 256

Fields = tuple[tuple[bytes, bytes], ...]


class Names(NamedTuple):
    """What the two ends call the server."""

    upstream: origins.Origin
    dialled: origins.Origin


class Rewriter:
    """Swaps names in flows whose `DIALLED` is noted.

    mitmproxy's own headers are looked up by going through all of them: here it is done once a message.
    """

    def __init__(self, origins_: origins.Origins) -> None:
        self._origins = origins_

    def to_client(self, flow: http.HTTPFlow, text: bytes) -> bytes:
        """What the client is told in place of this."""
        names = _names(flow)
        return self._origins.to_client(text, upstream=names.upstream, dialled=names.dialled)

    def to_server(self, flow: http.HTTPFlow, text: bytes) -> bytes:
        """What the server is told in place of this."""
        names = _names(flow)
        return self._origins.to_server(text, upstream=names.upstream, dialled=names.dialled)

    def request(self, flow: http.HTTPFlow) -> None:
        """Change a request for the server."""
        names, request = _names(flow), flow.request
        known = _known(request)
        if not _TO_SERVER.isdisjoint(known):
            request.headers.fields = tuple(
                (name, _field_to_server(name.lower(), value, names)) for name, value in request.headers.fields
            )
        if "//" in request.path or "%" in request.path:
            request.path = octets.decoded(self.to_server(flow, octets.encoded(request.path)))
        body = _text_body(request, known)
        if body is not None and (changed := self.to_server(flow, body)) != body:
            _set_body(request, known, changed)

    def head(self, flow: http.HTTPFlow) -> None:
        """Change the head of an answer for the client."""
        assert flow.response is not None
        headers = flow.response.headers
        if not _TO_CLIENT.isdisjoint(_known(flow.response)):
            headers.fields = tuple(
                (name, self._field_to_client(name.lower(), value, flow)) for name, value in headers.fields
            )

    def response(self, flow: http.HTTPFlow) -> None:
        """Change an answer for the client."""
        assert flow.response is not None
        self.head(flow)
        known = _known(flow.response)
        # A part of a body has to fit its Content-Range.
        body = None if flow.response.status_code == 206 else _text_body(flow.response, known)
        if body is not None and (changed := self.to_client(flow, body)) != body:
            _set_body(flow.response, known, changed)

    def _field_to_client(self, name: bytes, value: bytes, flow: http.HTTPFlow) -> bytes:
        if name not in _TO_CLIENT:
            return value
        if name == b"set-cookie":
            secure = _names(flow).dialled.scheme == "https"
            return octets.encoded(origins.cookie_to_client(octets.decoded(value), secure=secure))
        return self.to_client(flow, value)


def dialled(flow: http.HTTPFlow) -> str:
    """The origin by which the client reached the proxy."""
    named = flow.request.host_header if ctx.options.keep_host_header else None
    return _dialled(bool(flow.client_conn.tls), named or "", flow.client_conn.sockname[:2])


def name_upstream(flow: http.HTTPFlow) -> None:
    """Let the `Host` header name the server the flow goes to."""
    request = flow.request
    host = _origin(request.scheme, request.host, request.port).authority
    if request.is_http2 or request.is_http3:
        if request.host_header is not None:
            request.host_header = host
        return
    raw = host.encode()
    fields = request.headers.fields
    request.headers.fields = tuple(
        (name, raw if name.lower() == b"host" else value) for name, value in fields
    )


@functools.lru_cache(_CACHED)
def _dialled(tls: bool, host: str, address: tuple[str, int]) -> str:
    scheme = "https" if tls else "http"
    named = origins.parse(f"{scheme}://{host}") if host else None
    # A link-local address names its interface too.
    return str(named or origins.Origin(scheme, address[0].partition("%")[0], address[1]))


@functools.lru_cache(_CACHED)
def _origin(scheme: str, host: str, port: int) -> origins.Origin:
    return origins.Origin(scheme, host, port)


@functools.lru_cache(_CACHED)
def _names_of(upstream: origins.Origin, dialled_: str) -> Names:
    parsed = origins.parse(dialled_)
    assert parsed is not None
    return Names(upstream, parsed)


def _names(flow: http.HTTPFlow) -> Names:
    request = flow.request.data
    return _names_of(_origin(flow.request.scheme, request.host, request.port), flow.metadata[DIALLED])


def _known(message: http.Message) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in message.headers.fields}


def _text_body(message: http.Message, known: dict[bytes, bytes]) -> bytes | None:
    """The decoded body if URLs are to be looked for in it."""
    try:
        body = message.content if b"content-encoding" in known else message.raw_content
    except ValueError:
        return None
    return body if body and origins.is_text(known.get(b"content-type", b"").decode("latin-1"), body) else None


def _set_body(message: http.Message, known: dict[bytes, bytes], body: bytes) -> None:
    if b"content-encoding" in known or b"content-length" not in known:
        message.content = body
        return
    message.raw_content = body
    length = b"%d" % len(body)
    message.headers.fields = tuple(
        (name, length if name.lower() == b"content-length" else value)
        for name, value in message.headers.fields
    )


def _field_to_server(name: bytes, value: bytes, names: Names) -> bytes:
    if name == b"cookie":
        return octets.encoded(origins.cookies_to_server(octets.decoded(value)))
    if name in _TO_SERVER:
        return origins.to_upstream(value, upstream=names.upstream, dialled=names.dialled)
    return value
