"""Batches in the body of a POST, replies in its answer."""

from __future__ import annotations

from aiohttp import web

from replay.server.exchanges import exchange
from replay.server.requests import base_url_of, body_of, headers_of
from replay.server.stage import Stage
from replay.wire import Polled


class LongPolling:
    """`long-polling` of the CometD reference."""

    def takes(self, request: web.BaseRequest) -> bool:
        """Every POST: the path below the mount never decides anything, the messages do."""
        return request.method == "POST"

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Answers when the engine does."""
        body = await body_of(request)
        return await exchange(
            stage,
            lambda number: Polled(
                exchange=number,
                mount=mount,
                transport="long-polling",
                headers=headers_of(request),
                body=body,
                base_url=base_url_of(request),
            ),
        )
