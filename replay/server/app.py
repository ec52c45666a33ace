"""Which request goes where: a CometD transport, or REST."""

from __future__ import annotations

from typing import cast

from aiohttp import web

from replay.registry import TRANSPORTS, resolve
from replay.server import cors
from replay.server.control.control import Control
from replay.server.exchanges import exchange
from replay.server.requests import base_url_of, body_of, headers_of, text_of
from replay.server.stage import Stage
from replay.server.transports.transport import Transport
from replay.wire import Request


class App:
    """The handler of every request."""

    def __init__(self, stage: Stage, control: Control) -> None:
        self._stage = stage
        self._control = control
        self._mounts: list[str] = []
        # A WebSocket upgrade is a GET that another transport might take for its own: it is asked first.
        names = sorted(TRANSPORTS, key=lambda name: name != "websocket")
        self._transports = {name: cast("Transport", resolve(TRANSPORTS, name)()) for name in names}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request, so that a page of another origin may read the answer."""
        if self._control.takes(request.path):
            return await self.steer(request)
        leave = cors.preflight(request)
        if leave is not None:
            return leave
        try:
            response = await self._answer(request)
        except web.HTTPException as refused:
            cors.admit(request, refused)
            raise
        if not response.prepared:
            cors.admit(request, response)
        return response

    async def steer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one call, or whatever comes to a port that is for control alone."""
        return await self._control.handle(request)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        mount = self.mount_of(request.path)
        if mount is None:
            return await self._rest(request)
        offered = self._stage.simulator.mounts[mount].connection_types
        for name, transport in self._transports.items():
            if name in offered and transport.takes(request):
                return await transport.serve(request, mount, self._stage)
        if request.method == "OPTIONS":
            return web.Response(status=200)
        return web.Response(status=400, text="Unknown Bayeux Transport")

    def is_steering(self, path: str) -> bool:
        """Whether a path is control's."""
        return self._control.takes(path)

    def mount_of(self, path: str) -> str | None:
        """The CometD path this request belongs to: itself, or what clients append to it."""
        mounts = self._stage.simulator.mounts
        if len(mounts) != len(self._mounts):
            # Longest first, so that a mount below another is found. While it runs none goes.
            self._mounts = sorted(mounts, key=len, reverse=True)
        for mount in self._mounts:
            if path.startswith(mount) and (len(path) == len(mount) or path[len(mount)] == "/"):
                return mount
        return None

    async def _rest(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await body_of(request)
        return await exchange(
            request,
            self._stage,
            lambda number: Request(
                exchange=number,
                method=request.method,
                path=text_of(request.path),
                query=tuple((text_of(name), text_of(value)) for name, value in request.query.items()),
                headers=headers_of(request),
                body=body,
                base_url=base_url_of(request),
                target=request.raw_path,
            ),
        )
