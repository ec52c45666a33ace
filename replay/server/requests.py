"""What every kind of request has in common when it comes in over aiohttp."""

from __future__ import annotations

from aiohttp import web

MAX_BODY = 4 << 20
"""Bytes of a request body; more is answered with 413."""


def headers_of(request: web.BaseRequest) -> dict[str, str]:
    """Header names in lower case; of repeated ones all values, as a list in one line."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        if key in headers:
            headers[key] += ("; " if key == "cookie" else ", ") + value
        else:
            headers[key] = value
    return headers


def base_url_of(request: web.BaseRequest) -> str:
    """Scheme and host as the client dialled them."""
    return f"{request.scheme}://{request.host}"


async def body_of(request: web.BaseRequest) -> bytes | None:
    """The whole body, or None if it is larger than any desktop sends."""
    chunks = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
