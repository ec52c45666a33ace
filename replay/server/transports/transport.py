"""What a transport is: it knows its own requests, and carries Bayeux batches in and out."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from replay.server.stage import Stage


class Transport(Protocol):
    """One way for batches to travel."""

    def takes(self, request: web.BaseRequest) -> bool:
        """Whether a request on a CometD path is this transport's."""

    async def serve(self, request: web.BaseRequest, mount: str, stage: Stage) -> web.StreamResponse:
        """Answers it."""
