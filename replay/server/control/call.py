"""One control call: what it asks for, in JSON, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from replay.bayeux.messages import MalformedError, decode
from replay.errors import UsageError
from replay.server.advancing import ServerClock
from replay.server.control.reading import parameters, value_of
from replay.server.control.route import Route
from replay.server.control.terms import Terms
from replay.server.requests import body_of, text_of
from replay.server.stage import Stage

MAX_BODY = 64 << 10
"""Bytes; a fault has a few hundred."""


class RefusedError(UsageError):
    """A call that is answered with a status of its own."""

    def __init__(self, status: int, what: str, *, help: str = "", takes: Sequence[str] = ()) -> None:  # noqa: A002
        """Args:
        takes: The methods that would have done.
        """
        super().__init__(what, help=help)
        self.status = status
        self.takes = takes


class Call:
    """A call on its way to its resource."""

    def __init__(
        self,
        request: web.BaseRequest,
        route: Route,
        stage: Stage,
        clock: ServerClock,
        *,
        name: str,
        terms: Terms,
    ) -> None:
        """Reads the parameters of the query.

        Args:
            name: What the path has after the resource; empty where it ends there.

        Raises:
            UsageError: a parameter is unknown, stands twice, or has another type.
        """
        self.request = request
        self.route = route
        self.stage = stage
        self.clock = clock
        self.name = name
        self.terms = terms
        said = [(text_of(key), text_of(value)) for key, value in request.query.items()]
        self.query: Any = parameters(said, route.query)
        """The parameters, as the struct that the route declares."""
        self.said: Any = msgspec.UNSET
        """The body once it has been read: what other replicas are told of it."""

    async def body(self) -> Any:
        """The body, as the type that the route declares.

        Raises:
            RefusedError: it is too large, does not come, or says that it is no JSON.
            UsageError: it is no JSON, or of another type.
        """
        return value_of(await self.json(), self.route.body)

    async def json(self) -> Any:
        """The body as it comes, for those who know better what is wrong with it.

        Raises:
            RefusedError: it is too large, does not come, or says that it is no JSON.
            UsageError: it is no JSON.
        """
        if self.said is msgspec.UNSET:
            self.said = await self._read()
        return self.said

    async def _read(self) -> Any:
        try:
            body = await body_of(self.request, most=MAX_BODY)
        except web.HTTPRequestEntityTooLarge:
            raise RefusedError(413, f"the body is larger than {MAX_BODY} bytes") from None
        except web.HTTPRequestTimeout as error:
            raise RefusedError(408, str(error.text).rstrip(".")) from None
        except web.HTTPBadRequest as error:
            raise UsageError(str(error.text).rstrip(".")) from None
        if not body.strip() and self.route.bodiless:
            return {}
        if not body.strip():
            raise UsageError("there is no body", help="Send JSON.")
        kind = self.request.content_type
        if kind != "application/json" and not kind.endswith("+json"):
            # A form of a foreign page can be sent without asking; JSON cannot.
            what = f"the body says that it is {kind}"
            raise RefusedError(415, what, help="Send JSON, with 'Content-Type: application/json'.")
        try:
            return decode(body)
        except MalformedError as error:
            raise UsageError(str(error)) from None
