"""One control call: what it asks for, in JSON, bounded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from replay.bayeux.messages import MalformedError, decode
from replay.errors import UsageError, nearest
from replay.server.advancing import ServerClock
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

    def __init__(self, request: web.BaseRequest, stage: Stage, clock: ServerClock, name: str) -> None:
        """Args:
        name: What the path has after the resource; empty where it ends there.
        """
        self.request = request
        self.stage = stage
        self.clock = clock
        self.name = name
        self.status = 200
        """Of the answer."""

    def query(self, known: Sequence[str] = ()) -> dict[str, str]:
        """The parameters of the query; one that is left empty is not there.

        Raises:
            UsageError: one is unknown, or stands twice.
        """
        told: dict[str, str] = {}
        for key, value in self.request.query.items():
            if key not in known:
                advice = f"It takes {', '.join(known)}." if known else "It takes none."
                raise UsageError(f"unknown parameter '{text_of(key)}'", help=nearest(key, known) or advice)
            if key in told:
                raise UsageError(f"the parameter '{key}' stands there twice")
            told[key] = text_of(value)
        return {key: value for key, value in told.items() if value}

    async def json(self) -> Any:
        """The body.

        Raises:
            RefusedError: it is too large, or says that it is no JSON.
            UsageError: it is no JSON.
        """
        try:
            body = await body_of(self.request, most=MAX_BODY)
        except web.HTTPRequestEntityTooLarge:
            raise RefusedError(413, f"the body is larger than {MAX_BODY} bytes") from None
        except web.HTTPBadRequest as error:
            raise UsageError(str(error.text).rstrip(".")) from None
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


Handler = Callable[[Call], Awaitable[Any]]
"""Answers a call: with a value that becomes JSON, or a response of its own."""

Routes = dict[str, dict[str, Handler]]
"""By path below `/__replay/`, where `{name}` stands for one segment, and by method."""
