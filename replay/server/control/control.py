"""Which control call goes where, and how what is wrong with one is said."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from replay.errors import NoSuchError, NotNowError, ReplayError, as_json, nearest
from replay.registry import RESOURCES, resolve
from replay.server.advancing import ServerClock
from replay.server.control import safety
from replay.server.control.call import Call, RefusedError
from replay.server.control.peers import Peers
from replay.server.control.route import JSON, Route
from replay.server.control.terms import Terms
from replay.server.requests import text_of
from replay.server.stage import Stage
from replay.simulator.switching import NoSuchRuleError

STATUSES: dict[type[ReplayError], int] = {NoSuchRuleError: 404, NoSuchError: 404, NotNowError: 409}
"""Of refusals that say by their kind what they are; 400 of all others."""


class Control:
    """The handler of every call under its prefix.

    Whatever is wrong with one is answered in one shape: `{"error": {"what", "help", "problems"}}`.
    """

    def __init__(self, stage: Stage, clock: ServerClock, terms: Terms) -> None:
        self._stage = stage
        self._clock = clock
        self._terms = terms
        self._peers = Peers(terms.peers)
        self._routes: dict[str, dict[str, Route]] = {}
        """By path and by method."""
        for name in RESOURCES:
            for route in resolve(RESOURCES, name):
                self._routes.setdefault(route.path, {})[route.method] = route

    def takes(self, path: str) -> bool:
        """Whether a request to this path is a call."""
        return self._terms.cover(path)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one call, or what is none."""
        methods, name = self._at(request)
        method = "GET" if request.method == "HEAD" else request.method
        route = methods.get(method)
        try:
            is_open = route is not None and route.open
            safety.check(safety.caller_of(request), self._terms, is_open=is_open)
            if route is None:
                raise self._nothing(request, methods)
            call = Call(request, route, self._stage, self._clock, name=name, terms=self._terms)
            if request.method == "HEAD" and route.content != (JSON,):
                # It may be long, or never end.
                return web.Response(headers={"Content-Type": route.content[0]})
            answer = await self._peers.answer(call)
        except ReplayError as error:
            return _refused(error)
        except ConnectionError:
            # Whoever asked went away a moment ago, and the cancellation is on its way.
            return web.Response()
        if isinstance(answer, web.StreamResponse):
            return answer
        return _said(answer, route.status)

    def _at(self, request: web.BaseRequest) -> tuple[dict[str, Route], str]:
        """What is at a path, by method, and what the path has after the resource."""
        if not self.takes(request.path):
            return {}, ""
        # A name may have a slash in it, which is written as %2F.
        parts = [unquote(part) for part in request.rel_url.raw_path.split("/")]
        resource, *names = [part for part in parts[self._terms.prefix.count("/") + 1 :] if part] or [""]
        if len(names) > 1:
            return {}, ""
        return self._routes.get(f"{resource}/{{name}}" if names else resource, {}), "".join(names)

    def _nothing(self, request: web.BaseRequest, methods: dict[str, Route]) -> RefusedError:
        asked = text_of(request.path)
        if methods:
            takes = [*methods, *(["HEAD"] if "GET" in methods else [])]
            what = f"{asked} takes no {request.method}"
            return RefusedError(405, what, help=f"It takes {', '.join(takes)}.", takes=takes)
        known = [path for path in self._routes if path]
        prefix = self._terms.prefix
        advice = f"{nearest(asked.removeprefix(prefix).strip('/'), known)} Under {prefix}/ there are "
        return RefusedError(404, f"nothing is at {asked}", help=f"{advice}{', '.join(known)}.".strip())


def _refused(error: ReplayError) -> web.Response:
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 400)
    if not isinstance(error, RefusedError):
        return _said({"error": as_json(error)}, status)
    answer = _said({"error": as_json(error)}, error.status)
    if error.takes:
        # RFC 9110, 15.5.6: a 405 has to say it.
        answer.headers["Allow"] = ", ".join(error.takes)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _said(value: Any, status: int) -> web.Response:
    body = msgspec.json.encode(value) + b"\n"
    return web.Response(status=status, body=body, content_type="application/json", charset="utf-8")
