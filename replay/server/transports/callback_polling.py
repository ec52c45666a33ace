"""Batches in the query of a GET, replies as a call in JavaScript: JSONP, for pages of another origin."""

from __future__ import annotations

import re

from aiohttp import web

from replay.server.exchanges import exchange
from replay.server.requests import base_url_of, batch_of, headers_of
from replay.server.stage import Stage
from replay.wire import Polled

DEFAULT_CALLBACK = "jsonpcallback"
CALLBACK = re.compile(r"[a-zA-Z0-9._\-]{1,64}")
"""What CometD takes as the name of a function: anything else could be a script of somebody's own."""

_LINE_ENDS = ((b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"))
"""JSON may hold these as they are; JavaScript before ES2019 ends a line, and with it the script."""


class CallbackPolling:
    """`callback-polling` of the CometD reference."""

    def takes(self, request: web.BaseRequest) -> bool:
        """A GET that names a function or holds messages; a HEAD must not do anything, so it is none."""
        return request.method == "GET" and ("jsonp" in request.query or "message" in request.query)

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Answers when the engine does.

        The page sees a script or none: what is no 200 stays so, since only then it hears of a failure.
        """
        callback = request.query.get("jsonp") or DEFAULT_CALLBACK
        if not CALLBACK.fullmatch(callback):
            return web.Response(status=400, text="The name of the callback is none.")
        answer = await exchange(
            stage,
            lambda number: Polled(
                exchange=number,
                mount=mount,
                transport="callback-polling",
                headers=headers_of(request),
                body=batch_of(request.query.getall("message", [])),
                base_url=base_url_of(request),
            ),
        )
        if answer.status == 200:
            assert isinstance(answer.body, bytes)
            answer.body = _script(callback, answer.body)
            answer.headers["Content-Type"] = "text/javascript;charset=UTF-8"
            answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def _script(callback: str, body: bytes) -> bytes:
    for raw, escaped in _LINE_ENDS:
        body = body.replace(raw, escaped)
    # The comment keeps a reply from being read as the beginning of a Flash file.
    return b"/**/" + callback.encode() + b"(" + body + b");"
