"""Batches in the query of a GET, replies as a call in JavaScript: JSONP, for pages of another origin."""

from __future__ import annotations

import re

from aiohttp import web

from replay.server.exchanges import exchange
from replay.server.requests import base_url_of, headers_of
from replay.server.stage import Stage
from replay.wire import Polled

DEFAULT_CALLBACK = "jsonpcallback"
CALLBACK = re.compile(r"[a-zA-Z0-9._\-]{1,64}")
"""What CometD takes as the name of a function: anything else could be a script of somebody's own."""


class CallbackPolling:
    """`callback-polling` of the CometD reference."""

    def takes(self, request: web.BaseRequest) -> bool:
        """A GET that names a function."""
        return request.method == "GET" and "jsonp" in request.query

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Answers when the engine does; the page sees no status but 200, only a script or none."""
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
                body="".join(request.query.getall("message", [])).encode(),
                base_url=base_url_of(request),
            ),
        )
        if answer.status == 200:
            assert isinstance(answer.body, bytes)
            answer.body = b"/**/" + callback.encode() + b"(" + answer.body + b");"
            answer.headers["Content-Type"] = "text/javascript;charset=UTF-8"
            answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer
