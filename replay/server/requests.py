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
    """Scheme and host as the client dialled them; without a Host header, the address it reached."""
    host = request.headers.get("Host")
    if not host:
        address, port = request.get_extra_info("sockname", ("localhost", 0))[:2]
        host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"{request.scheme}://{host}"


async def body_of(request: web.BaseRequest) -> bytes | None:
    """The whole body, or None if it is larger than any desktop sends."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.content_length != 0:
        # .NET clients ask before every POST, and wait a third of a second for the word.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    chunks = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
