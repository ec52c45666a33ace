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


class CallbackPolling:
    """`callback-polling` of the CometD reference."""

    def takes(self, request: web.BaseRequest) -> bool:
        """A GET that names a function or holds messages; a HEAD must not do anything, so it is none."""
        return request.method == "GET" and ("jsonp" in request.query or "message" in request.query)

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Answers when the engine does."""
        callback = request.query.get("jsonp") or DEFAULT_CALLBACK
        if not CALLBACK.fullmatch(callback):
            return web.Response(status=400, text="The name of the callback is none.")
        return await exchange(
            request,
            stage,
            lambda number: Polled(
                exchange=number,
                mount=mount,
                transport="callback-polling",
                callback=callback,
                headers=headers_of(request),
                body=batch_of(request.query.getall("message", [])),
                base_url=base_url_of(request),
                target=request.raw_path,
            ),
        )
