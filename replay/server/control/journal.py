"""`journal`: what happened, as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import get_args

import msgspec
from aiohttp import web

from replay.errors import UsageError, nearest
from replay.journal import Entry, Kind
from replay.server.control.call import Call
from replay.server.control.route import JSON_LINES, Route, Routes
from replay.server.control.values import SinceQuery

AT_ONCE = 500
"""Entries that are encoded before others get their turn."""


async def _lines(call: Call) -> web.StreamResponse:
    found = _found(list(call.stage.simulator.journal), call.query)
    response = web.StreamResponse(headers={"Content-Type": f"{JSON_LINES}; charset=utf-8"})
    await response.prepare(call.request)
    for entries in _batches(found):
        await response.write(msgspec.json.Encoder().encode_lines(entries))
    return response


def _found(entries: list[Entry], query: SinceQuery) -> Iterator[Entry]:
    kinds: tuple[str, ...] = get_args(Kind)
    if query.kind and query.kind not in kinds:
        advice = nearest(query.kind, kinds) or f"Kinds are {', '.join(kinds)}."
        raise UsageError(f"nothing of kind '{query.kind}' is in a journal", help=advice)
    return (
        entry
        for entry in entries
        if entry.number > query.since and query.kind in {"", entry.kind} and query.agent in {"", entry.agent}
    )


def _batches(found: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(found, AT_ONCE)):
        yield batch


ROUTES: Routes = (
    Route(
        method="GET",
        path="journal",
        handler=_lines,
        about="What happened, in order, an entry a line.",
        query=SinceQuery,
        answer=Entry,
        content=(JSON_LINES,),
    ),
)
