"""What every kind of request has in common when it comes in over aiohttp."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from replay.bayeux.messages import MalformedError, encode, join, parse

_QUOTED = re.compile(r":?\s+b['\"].*", re.DOTALL)

MAX_BODY = 4 << 20
"""Bytes of a request body; more is answered with 413."""
PATIENCE = 75.0
"""Seconds in which some of a body has to come; else it is answered with 408."""


def headers_of(request: web.BaseRequest) -> dict[str, str]:
    """Header names in lower case; of repeated ones all values, as a list in one line."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key, value = name.lower(), text_of(value)  # noqa: PLW2901
        if key in headers:
            headers[key] += ("; " if key == "cookie" else ", ") + value
        else:
            headers[key] = value
    return headers


def base_url_of(request: web.BaseRequest) -> str:
    """Scheme and host as the client dialled them; without a Host header, the address it reached."""
    host = text_of(request.headers.get("Host", ""))
    if not host:
        address, port = request.get_extra_info("sockname", ("localhost", 0))[:2]
        host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"{request.scheme}://{host}"


def text_of(value: str) -> str:
    """What a client wrote; bytes that are no UTF-8 are read as ISO-8859-1, as older clients write."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("iso-8859-1")
    return value


def unquoted(said: str) -> str:
    """What aiohttp says of bad HTTP, on a line, without the bytes it quotes: a secret may be among them."""
    return " ".join(_QUOTED.sub("", said).split())


def batch_of(values: list[str]) -> bytes:
    """One batch of those that came as parameters of one name; what is malformed is left to the engine."""
    encoded = [text_of(value).encode() for value in values]
    if len(encoded) < 2:
        return b"".join(encoded)
    try:
        return join([encode(message) for each in encoded for message in parse(each)])
    except MalformedError:
        return b"".join(encoded)


async def body_of(request: web.BaseRequest, *, most: int = MAX_BODY) -> bytes:
    """The whole body.

    Raises:
        web.HTTPRequestEntityTooLarge: it is larger than any desktop sends.
        web.HTTPBadRequest: it is not encoded as its headers say.
        web.HTTPRequestTimeout: it does not come.
    """
    announced = _announced(request)
    if request.headers.get("Expect", "").lower() == "100-continue" and 0 <= announced <= most:
        # .NET clients ask before every POST, and wait a third of a second for the word.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    elif announced > most:
        raise _too_large(announced, most)
    chunks = []
    size = 0
    try:
        if request.content.is_eof():
            # It came together with its head, as nearly every body does.
            body = request.content.read_nowait()
            if len(body) > most:
                raise _too_large(len(body), most)
            return body
        while chunk := await _some(request):
            size += len(chunk)
            if size > most:
                raise _too_large(size, most)
            chunks.append(chunk)
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="The body is not encoded as its headers say.") from None
    return b"".join(chunks)


async def _some(request: web.BaseRequest) -> bytes:
    """What has come of a body; nothing at its end."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.content.readany()
    except TimeoutError:
        why = f"Nothing more of the body has come for {PATIENCE:.0f} s."
        raise web.HTTPRequestTimeout(text=why, headers={"Connection": "close"}) from None


def _announced(request: web.BaseRequest) -> int:
    """How long a body is, as its headers say."""
    try:
        return request.content_length or 0
    except ValueError:
        # The parser has understood it: thousands of zeros stand before the number.
        return 0


def _too_large(size: int, most: int) -> web.HTTPRequestEntityTooLarge:
    return web.HTTPRequestEntityTooLarge(max_size=most, actual_size=size)
