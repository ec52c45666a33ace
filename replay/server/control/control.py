"""Which control call goes where, and how what is wrong with one is said."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from replay.errors import ReplayError, as_json, nearest
from replay.registry import RESOURCES, resolve
from replay.server.advancing import ServerClock
from replay.server.control import safety
from replay.server.control.call import Call, RefusedError
from replay.server.control.route import Route
from replay.server.cors import CONTROL, is_control
from replay.server.requests import text_of
from replay.server.stage import Stage
from replay.simulator.switching import NoSuchRuleError


class Control:
    """The handler of every call under `/__replay/`.

    Whatever is wrong with one is answered in one shape: `{"error": {"what", "help", "problems"}}`.
    """

    def __init__(self, stage: Stage, clock: ServerClock, listening: str) -> None:
        """Args:
        listening: The host that the server was told to listen on.
        """
        self._stage = stage
        self._clock = clock
        self._listening = listening
        self._routes: dict[str, dict[str, Route]] = {}
        """By path and by method."""
        for name in RESOURCES:
            for route in resolve(RESOURCES, name):
                self._routes.setdefault(route.path, {})[route.method] = route

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one call."""
        try:
            safety.check(safety.caller_of(request), self._listening)
            route, name = self._find(request)
            answer = await route.handler(Call(request, route, self._stage, self._clock, name))
        except ReplayError as error:
            return _refused(error)
        if isinstance(answer, web.StreamResponse):
            return answer
        return _said(answer, route.status)

    def _find(self, request: web.BaseRequest) -> tuple[Route, str]:
        asked = text_of(request.path)
        path = asked.removeprefix(CONTROL).strip("/") if is_control(request) else ""
        resource, _, name = path.partition("/")
        methods = self._routes.get(path if not name else f"{resource}/{{name}}")
        if methods is None or "/" in name:
            known = list(self._routes)
            advice = f"{nearest(path, known)} Under {CONTROL}/ there are {', '.join(known)}.".strip()
            raise RefusedError(404, f"nothing is at {asked}", help=advice)
        if request.method not in methods:
            what = f"{asked} takes no {request.method}"
            raise RefusedError(405, what, help=f"It takes {', '.join(methods)}.", takes=tuple(methods))
        return methods[request.method], name


def _refused(error: ReplayError) -> web.Response:
    status = 404 if isinstance(error, NoSuchRuleError) else 400
    if not isinstance(error, RefusedError):
        return _said({"error": as_json(error)}, status)
    answer = _said({"error": as_json(error)}, error.status)
    if error.takes:
        # RFC 9110, 15.5.6: a 405 has to say it.
        answer.headers["Allow"] = ", ".join(error.takes)
    return answer


def _said(value: Any, status: int) -> web.Response:
    body = msgspec.json.encode(value) + b"\n"
    return web.Response(status=status, body=body, content_type="application/json", charset="utf-8")
