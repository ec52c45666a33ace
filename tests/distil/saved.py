"""Exchanges as a flow file, as mitmproxy writes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from replay.capture.tnetstrings import dumps
from replay.exchange import Exchange
from replay.wire import Headers

_PORTS = {"http": 80, "https": 443}


def save(path: Path, exchanges: Iterable[Exchange]) -> Path:
    """Writes a flow for each exchange, in that order."""
    with path.open("wb") as file:
        for exchange in exchanges:
            file.write(dumps(_flow(exchange)))
    return path


def _flow(exchange: Exchange) -> dict[str, Any]:
    url = urlsplit(exchange.url)
    answered = exchange.status is not None
    return {
        "version": 21,
        "type": "http",
        "id": str(exchange.number),
        "error": {"msg": exchange.failure, "timestamp": exchange.ended} if exchange.failure else None,
        "metadata": {},
        "client_conn": {"id": exchange.connection},
        "request": {
            "method": exchange.method.encode(),
            "scheme": url.scheme.encode(),
            "host": url.hostname,
            "port": url.port or _PORTS[url.scheme],
            "path": (url.path + (f"?{url.query}" if url.query else "")).encode(),
            "headers": _headers(exchange.request_headers),
            "content": exchange.request_body,
            "timestamp_start": exchange.began,
            "timestamp_end": exchange.sent,
        },
        "response": {
            "status_code": exchange.status,
            "headers": _headers(exchange.response_headers),
            "content": exchange.response_body,
            "timestamp_start": exchange.answered,
            "timestamp_end": exchange.ended,
        }
        if answered
        else None,
        "websocket": _socket(exchange),
    }


def _socket(exchange: Exchange) -> dict[str, Any] | None:
    if exchange.frames is None:
        return None
    frames = [
        [1 if each.text else 2, each.from_client, each.content, each.at, False, False]
        for each in exchange.frames
    ]
    return {"messages": frames, "timestamp_end": exchange.ended}


def _headers(headers: Headers) -> list[list[bytes]]:
    return [[name.encode(), value.encode()] for name, value in headers]
