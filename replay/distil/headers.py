"""Which headers belong to a story: those that the replaying server does not make by itself."""

from __future__ import annotations

from collections.abc import Iterator

from replay.exchange import Exchange

DROPPED = frozenset(
    {
        *("connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "server"),
        *("set-cookie", "strict-transport-security", "trailer", "transfer-encoding", "upgrade", "vary"),
        *("x-csrf-header", "x-csrf-token"),
    }
)
"""Headers of an answer that the replaying server makes itself, or that belong to one day or one session."""

_CORS = "access-control-"

_NO_USE = frozenset(
    {
        *("authorization", "cookie", "host", "origin", "referer", "user-agent", "connection", "te", "dnt"),
        *("cache-control", "pragma", "date", "if-none-match", "if-match", "if-modified-since", "upgrade"),
        *("x-csrf-header", "x-csrf-token", "x-requested-with", "x-forwarded-for", "x-forwarded-host"),
    }
)
_NO_USE_PREFIXES = ("accept", "content-", "sec-", "access-control-", "proxy-")


def answered_headers(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Headers of an answer that a scenario keeps."""
    for name, value in exchange.response_headers:
        if name.lower() not in DROPPED and not name.lower().startswith(_CORS):
            yield name, value


def asked_headers(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Headers of a request in which a client may say what a server told it."""
    for name, value in exchange.request_headers:
        if name.lower() not in _NO_USE and not name.lower().startswith(_NO_USE_PREFIXES):
            yield name, value
